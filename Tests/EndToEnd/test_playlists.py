"""Playlists and segments by RFC 8216 and Apple's authoring rules, as far as they can be read from outside."""
import gzip
import re

import pytest

from support import boxes
from support.client import Client
from support.playlists import TYPE, Master, Media, unquoted

FRAME = 1 / 25


@pytest.fixture(scope="module")
def master(long_video) -> Master:
    return Master.load(long_video.client, long_video.master)


@pytest.fixture(scope="module")
def pictures(long_video, master) -> list[Media]:
    return [Media.load(long_video.client, variant.url) for variant in master.variants]


@pytest.fixture(scope="module")
def sound(long_video, master) -> Media:
    assert len(master.audio) == 1
    return Media.load(long_video.client, master.audio[0].url)


def test_the_master_states_what_a_player_needs(master):
    assert master.independent and master.version >= 6
    assert len(master.variants) == 3, "720p, 480p and 360p; never upscaled"
    for variant in master.variants:
        stated = variant.attributes
        assert int(stated["AVERAGE-BANDWIDTH"]) <= int(stated["BANDWIDTH"])
        codecs = unquoted(stated["CODECS"]).split(",")
        assert any(re.fullmatch(r"avc1\.[0-9a-fA-F]{6}", codec) for codec in codecs), codecs
        assert "mp4a.40.2" in codecs
        assert re.fullmatch(r"\d+x\d+", stated["RESOLUTION"])
        assert float(stated["FRAME-RATE"]) == 25
        assert stated["AUDIO"] == master.audio[0].attributes["GROUP-ID"]
    sizes = [variant.attributes["RESOLUTION"] for variant in master.variants]
    assert sorted(sizes) == ["1280x720", "640x360", "854x480"]


def test_the_audio_group_is_the_default_and_may_be_chosen(master):
    stated = master.audio[0].attributes
    assert stated["DEFAULT"] == "YES" and stated["AUTOSELECT"] == "YES"
    assert unquoted(stated["NAME"])
    assert not any(variant.url == master.audio[0].url for variant in master.variants), "audio listed as a variant"


def test_media_playlists_are_complete_and_on_demand(pictures, sound):
    for media in [*pictures, sound]:
        assert media.kind == "VOD" and media.ended and media.map_url
        assert media.version >= 6
        for segment in media.segments:
            assert round(segment.duration) <= media.target, "4.3.3.1"
            assert segment.duration <= media.target + 0.5, "Apple 7.7"
        assert media.target <= 10


def test_all_rungs_share_their_boundaries_and_the_sound_follows(pictures, sound, long_video):
    first = pictures[0].boundaries()
    for media in pictures[1:]:
        assert media.boundaries() == pytest.approx(first, abs=0.001)
    assert sound.boundaries() == pytest.approx(first, abs=0.025), "an AAC frame is 21 ms"
    assert first[-1] == pytest.approx(40, abs=FRAME)
    assert sound.duration == pytest.approx(40, abs=FRAME)


def test_segments_start_with_a_key_frame_where_the_playlist_says(long_video, pictures):
    for media in pictures:
        check_continuity(long_video.client, media, key_frames=True)


def test_the_sound_is_continuous(long_video, sound):
    check_continuity(long_video.client, sound, key_frames=False)


def fetch(client: Client, url: str) -> bytes:
    """A medium as a player fetches it: by the token in its path alone, and never through a redirect (Apple 8.18)."""
    answer = Client(client.url).get(url)
    assert answer.status == 200, (url, answer)
    assert answer.headers["Content-Type"] in ("video/mp4", "audio/mp4", "video/iso.segment")
    return answer.body


def check_continuity(client: Client, media: Media, key_frames: bool) -> None:
    init = fetch(client, media.map_url)
    scale = boxes.timescale(init)
    position = 0
    for segment, end in zip(media.segments, media.boundaries(), strict=True):
        parts = boxes.fragments(fetch(client, segment.url), init)
        assert parts, f"{segment.url} has no moof"
        if key_frames:
            assert parts[0].starts_with_sync, f"7.4: {segment.url} does not start with an IDR frame"
        for part in parts:
            # tfdt is the first frame's presentation time, so decode order may reach back by the B-frame delay.
            assert abs(part.base - position) <= scale * FRAME * 3, f"7.3: a gap before {segment.url}"
            position = part.base + part.duration
        assert position / scale == pytest.approx(end, abs=0.13)


def test_the_declared_rates_hold(long_video, master, pictures, sound):
    """RFC 8216 4.3.4.2: no sum of peaks is over BANDWIDTH; Apple 1.26: the average is within a tenth."""
    size_of = {segment.url: len(fetch(long_video.client, segment.url))
               for media in [*pictures, sound] for segment in media.segments}
    audio_peak = max(8 * size_of[s.url] / s.duration for s in sound.segments)
    audio_average = 8 * sum(size_of[s.url] for s in sound.segments) / sound.duration
    for variant, media in zip(master.variants, pictures, strict=True):
        # The last, short segment is left out, as Apple's validator does.
        peak = max(8 * size_of[s.url] / s.duration for s in media.segments if s.duration > media.target / 2)
        average = 8 * sum(size_of[s.url] for s in media.segments) / media.duration
        assert peak + audio_peak <= int(variant.attributes["BANDWIDTH"]) * 1.01
        assert average + audio_average == pytest.approx(int(variant.attributes["AVERAGE-BANDWIDTH"]), rel=0.1)


def test_playlists_are_sent_compressed_to_those_who_ask(long_video):
    answer = Client(long_video.client.url).get(long_video.master, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].split(";")[0] == TYPE
    assert gzip.decompress(answer.body).startswith(b"#EXTM3U")


def test_players_of_other_origins_may_read(long_video):
    answer = Client(long_video.client.url).get(long_video.master, headers={"Origin": "https://example.com"})
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://example.com")
    assert answer.headers.get("Access-Control-Allow-Credentials") is None


def test_ranges_of_segments_are_exact(long_video, pictures):
    client, url = Client(long_video.client.url), pictures[0].segments[0].url
    whole = client.get(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    size = len(whole.body)
    for header, start, stop in (("bytes=0-", 0, size), ("bytes=10-19", 10, 20), ("bytes=-5", size - 5, size)):
        part = client.get(url, headers={"Range": header})
        assert part.status == 206
        assert part.body == whole.body[start:stop]
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
    assert client.get(url, headers={"Range": f"bytes={size}-"}).status == 416
    assert client.request("HEAD", url).headers["Content-Length"] == str(size)


def test_a_token_opens_one_medium_and_only_while_it_is_whole(long_video):
    url = long_video.master
    token = re.search(r"/stream/([^/]+)/", url).group(1)
    broken = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    for path in (url.replace(token, broken), url.replace(token, "x"), url.replace(f"/{token}", "")):
        assert Client(long_video.client.url).get(path).status in (401, 403, 404)
