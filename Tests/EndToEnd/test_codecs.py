"""HEVC and AV1 rungs beside H.264, for those who add profiles of them."""
import pathlib
import re
import subprocess
import urllib.parse

import pytest

from support import browser as chromium
from support import clips, pages, profiles
from support.client import PASSWORD, Client
from support.playlists import Master, Media, unquoted
from support.service import binary, clean_environment

CODECS = {"h264": r"avc1\.[0-9a-f]{6}", "hevc": r"hvc1\.1\.6\.L\d+\.90", "av1": r"av01\.0\.\d\dM\.08"}
ENTRIES = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
SMALL = {"width": 256, "height": 144, "videoBitrate": "200k"}


def ladder(folder: pathlib.Path, codecs: tuple) -> pathlib.Path:
    """One small rung of each codec, named after it."""
    for codec in codecs:
        profiles.fast(folder, ("360p",), videoCodec=codec, **SMALL)
        (folder / "360p.json").rename(folder / f"144p-{codec}.json")
    return folder


class Made:
    """A clip whose rungs are all complete."""

    def __init__(self, client: Client, source: pathlib.Path, rate: int, seconds: int):
        self.kind = source.stem
        self.client, self.rate, self.frames = client, rate, rate * seconds
        self.asset = client.complete(client.send(source))
        self.master = Master.load(client, client.stream(self.asset)["masterUrl"])
        self.variants = {codec: variant for variant in self.master.variants for codec in CODECS
                         if unquoted(variant.attributes["CODECS"]).startswith(ENTRIES[codec])}


@pytest.fixture(scope="module")
def service(start_service_once, tmp_path_factory):
    return start_service_once(PROFILES_DIR=ladder(tmp_path_factory.mktemp("codecs"), tuple(CODECS)))


@pytest.fixture(scope="module")
def client(service) -> Client:
    return Client(service.url).register()


@pytest.fixture(scope="module", params=["copied", "encoded"])
def made(request, client, tmp_path_factory) -> Made:
    """H.264 that is served as it came, long enough for two chunks; and what is encoded, on the output grid."""
    rate, seconds = (10, 32) if request.param == "copied" else (25, 4)
    codec = ("-c:v", "libx264", "-preset", "ultrafast") if request.param == "copied" else ("-c:v", "mpeg4")
    path = tmp_path_factory.mktemp("codecs") / f"{request.param}.mp4"
    clips.run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=256x144:rate={rate}:duration={seconds}", *codec, "-pix_fmt",
                     "yuv420p", "-g", "20", path)
    return Made(client, path, rate, seconds)


def test_the_master_lists_each_codec_and_h264_first(made):
    assert list(made.variants) == ["h264", "hevc", "av1"]
    for codec, variant in made.variants.items():
        assert re.fullmatch(CODECS[codec], unquoted(variant.attributes["CODECS"]))
        assert variant.attributes["RESOLUTION"] == "256x144"
    lists = [Media.load(made.client, variant.url) for variant in made.variants.values()]
    assert len({tuple(media.boundaries()) for media in lists}) == 1, "rungs of all codecs are aligned"
    assert sorted(iframe.attributes["CODECS"] for iframe in made.master.iframes) == sorted(
        variant.attributes["CODECS"] for variant in made.variants.values())


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_is_there_at_its_time_and_in_the_mp4_too(made, codec):
    url = made.variants[codec].url
    mp4 = re.sub(r"/[^/]*\.m3u8$", ".mp4", url)
    for place in (url, mp4):
        lines = clips.probe(place, "frame=pts_time:stream=codec_name,codec_tag_string", "-select_streams", "v:0")
        # Of HLS the stream is named twice, once as its program's.
        assert {line for line in lines if "," in line} == {f"{codec},{ENTRIES[codec]}"}
        times = [float(line) for line in lines if "," not in line]
        assert times == pytest.approx([times[0] + frame / made.rate for frame in range(made.frames)], abs=0.002)


def test_listings_of_files_name_what_plays_everywhere(made):
    variants = made.client.stream(made.asset)["variants"]
    names = {urllib.parse.urlsplit(url).path.rsplit("/", 1)[1] for url in variants.values()}
    assert names == {"144p-h264.mp4"}


def test_the_player_takes_av1_where_that_is_easy_and_never_what_the_browser_cannot_decode(made, page):
    easy, played = {"copied": (["av01", "hvc1"], "av1"), "encoded": (["hvc1"], "h264")}[made.kind]
    # What a device with such decoders says of them; that Chromium here has none of HEVC at all is its own word.
    page.add_init_script(
        f"const easy = {easy};" + """MediaCapabilities.prototype.decodingInfo = async ({video}) => {
            const yes = easy.some((codec) => video.contentType.includes(codec));
            return {supported: yes, smooth: yes, powerEfficient: yes};
        };""")
    chromium.sign_in(page, made.client.url, made.client.email, PASSWORD)
    rungs = {rung(variant.url): codec for codec, variant in made.variants.items()}
    asked = set()
    page.on("request", lambda request: asked.add(rungs.get(rung(request.url))))
    pages.watch(page, made.client.url, made.asset)
    video = pages.start(page)
    assert asked - {None} == {played}
    assert pages.picture_width(video) == 256 and video.evaluate("v => v.videoHeight") == 144
    assert video.evaluate("v => v.error") is None
    assert video.evaluate("v => v.getVideoPlaybackQuality().totalVideoFrames") > 0


def rung(url: str) -> str:
    """The folder that a playlist or a segment lies in."""
    return urllib.parse.urlsplit(url).path.rsplit("/", 2)[-2]


def test_a_ladder_without_h264_is_refused_in_one_line(tmp_path):
    folder = ladder(tmp_path / "profiles", ("hevc", "av1"))
    result = subprocess.run(
        [binary(), "serve", "--data", tmp_path / "data", "--port", "0"], env=clean_environment(PROFILES_DIR=folder),
        cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    refusals = [line for line in result.stderr.splitlines() if "H.264" in line]
    assert len(refusals) == 1 and str(folder) in refusals[0]
