"""Sounds: MP3, HLS, waveform, cover and tags of every format, and the player that draws them."""
import itertools
import json
import math
import subprocess

import pytest

from support import browser as chromium
from support import clips, handling, pages
from support.client import PASSWORD, Client
from support.wait import until

FORMATS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "192k"), "wav": ("-c:a", "pcm_s16le"), "ogg": ("-c:a", "libvorbis"),
    "aac": ("-c:a", "aac"), "m4a": ("-c:a", "aac"), "flac": ("-c:a", "flac"),
}
MIME = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "aac": "audio/aac", "m4a": "audio/mp4",
        "flac": "audio/flac"}
TAGS = {"title": "Evening\u202e Song", "artist": "The Tests", "album": "Assertions", "track": "3/9",
        "genre": "Electronic", "date": "2021-05-04"}


@pytest.fixture(scope="module")
def listener(service):
    return Client(service.url).register()


def tone(path, *codec):
    """Six seconds: silent, then loud; at 48 kHz, with tags where the format has them."""
    tags = list(itertools.chain.from_iterable(("-metadata", f"{name}={value}") for name, value in TAGS.items()))
    clips.run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=6", "-af",
                     "volume='if(lt(t,3),0.001,8)':eval=frame", "-ac", "2", *codec, *tags, path)
    return path


@pytest.fixture(scope="module", params=FORMATS)
def sound(request, listener, tmp_path_factory):
    name = request.param
    path = tone(tmp_path_factory.mktemp("tones") / f"tone.{name}", *FORMATS[name])
    first = handling.upload(listener, path, declared="video/mp4")
    assert (first["file_type"], first["mime_type"]) == ("audio", MIME[name])
    return name, handling.ready(listener, first["id"])


def stream(source, entries: str) -> dict:
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", source]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def test_every_format_becomes_an_mp3_of_128_kilobits(sound):
    name, now = sound
    assert set(now["urls"]) >= {"mp3", "processed", "hls", "peaks", "original"}
    assert now["display_url"] == now["urls"]["processed"] and now["width"] is None
    found = stream(now["urls"]["mp3"], "stream=codec_name,sample_rate,channels,bit_rate:format=duration:format_tags")
    audio = found["streams"][0]
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("mp3", "44100", 2)
    assert audio["bit_rate"] == "128000"
    assert float(found["format"]["duration"]) == pytest.approx(6, abs=0.15)
    assert now["duration"] == pytest.approx(6, abs=0.15)
    assert now["bitrate"] > 20_000
    if name not in ("aac", "wav"):
        assert found["format"]["tags"]["artist"] == "The Tests"


def test_every_format_plays_as_hls(sound):
    _, now = sound
    assert clips.duration(now["urls"]["hls"]) == pytest.approx(6, abs=0.1)
    packets = clips.probe(now["urls"]["hls"], "stream=nb_read_frames", "-count_frames", "-select_streams", "a:0")
    assert int(packets[0]) == pytest.approx(6 * 48000 / 1024, abs=2)


def test_the_waveform_is_quiet_and_then_loud(sound, listener):
    _, now = sound
    answer = listener.get(now["urls"]["peaks"], timeout=120)
    assert answer.headers["Content-Type"] == "application/json"
    peaks = answer.json()
    assert {name: peaks[name] for name in ("version", "channels", "sample_rate", "bits")} == {
        "version": 2, "channels": 1, "sample_rate": 44100, "bits": 8}
    assert len(peaks["data"]) == 2 * peaks["length"] and 500 < peaks["length"] <= 2048
    assert peaks["length"] * peaks["samples_per_pixel"] / 44100 == pytest.approx(6, abs=0.15)
    loud = [max(abs(low), abs(high)) for low, high in zip(peaks["data"][::2], peaks["data"][1::2], strict=True)]
    assert max(loud[: len(loud) // 2 - 40]) <= 1 and min(loud[len(loud) // 2 + 40 : -40]) > 60


def test_tags_are_read_and_cleaned(sound):
    name, now = sound
    if name in ("aac", "wav"):
        return  # ADTS has none; those of WAV are others.
    tags = now["metadata"]["tags"]
    assert tags["title"] == "Evening Song" and tags["artist"] == "The Tests" and tags["year"] == 2021
    assert tags["album"] == "Assertions" and tags["genre"] == "Electronic" and tags["track"].startswith("3")


def test_the_original_comes_back_as_what_it_was(sound, listener, tmp_path):
    name, now = sound
    answer = listener.get(now["urls"]["original"], timeout=120)
    assert (answer.status, answer.headers["Content-Type"]) == (200, MIME[name])
    copy = tmp_path / f"copy.{name}"
    copy.write_bytes(answer.body)
    frames = clips.probe(copy, "stream=nb_read_frames", "-count_frames", "-select_streams", "a:0")
    assert int(frames[0]) > 50
    if name != "aac":  # A raw stream states no length.
        assert clips.duration(copy) == pytest.approx(6, abs=0.2)


REAL = {"a-flac.flac": True, "a-vorbis.ogg": False, "a-vbr-xing.mp3": False, "a-speech-nasa.mp3": False,
        "a-rf64.wav": False, "a-music-96s.aac": False, "a-trunc.aac": False, "a-malformed-join.mp3": True}


@pytest.mark.parametrize("name", REAL)
def test_real_sounds_are_handled(name, listener):
    source = clips.real(name)
    now = handling.ready(listener, handling.upload(listener, source)["id"])
    answer = listener.get(now["urls"]["mp3"], timeout=120)
    assert answer.status == 200
    length = stream(now["urls"]["mp3"], "format=duration")["format"]["duration"]
    assert math.isclose(float(length), now["duration"], rel_tol=0.1, abs_tol=0.3)
    assert clips.duration(now["urls"]["hls"]) == pytest.approx(now["duration"], abs=0.3)
    later = handling.detail(listener, now["id"])
    assert (later["thumbnail_url"] is not None) == REAL[name]
    if REAL[name]:
        cover = listener.get(later["thumbnail_url"])
        assert cover.body.startswith(b"\xff\xd8") and cover.headers["Content-Type"] == "image/jpeg"


def test_the_player_draws_the_sound_and_a_click_goes_there(page, service, listener, tmp_path):
    now = handling.ready(listener, handling.upload(listener, tone(tmp_path / "t.flac", "-c:a", "flac"))["id"])
    listener.get(now["urls"]["peaks"], timeout=120)
    chromium.sign_in(page, service.url, listener.email, PASSWORD)
    pages.watch(page, service.url, f"asset_{now['id']}")
    wave = page.locator("canvas.wave")
    wave.wait_for()
    video = pages.start(page)
    until("the drawing", lambda: wave.evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height)"
                                               ".data.some((byte) => byte > 0)"))
    box = wave.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    until("the place of the click", lambda: 4.3 < pages.position(video) < 6.1)
    until("the artist", lambda: "The Tests" in page.locator("#meta").inner_text())
