"""Players that are not ours play the master URL to its last frame: ffmpeg, GStreamer, and Chromium's own."""
import re
import subprocess

import pytest

from support import browser as chromium
from support import clips, pages
from support.client import PASSWORD, Client
from support.playlists import Master
from support.wait import until

FRAMES = 40 * 25


def test_ffmpeg_decodes_every_frame_of_every_rung(long_video):
    master = Master.load(long_video.client, long_video.master)
    for variant in master.variants:
        assert clips.count_frames(variant.url) == FRAMES, variant.attributes["RESOLUTION"]


def test_ffmpeg_plays_the_master_with_its_sound(long_video):
    command = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", long_video.master, "-map", "0:v:0", "-map",
               "0:a:0", "-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert clips.duration(long_video.master) == pytest.approx(40, abs=0.1)


def test_gstreamer_plays_every_frame(long_video):
    """fakesink speaks a line for every buffer; the adaptive demuxer chooses rungs, all on one frame grid."""
    command = ["gst-launch-1.0", "-v", "uridecodebin3", f"uri={long_video.master}", "!", "video/x-raw", "!",
               "fakesink", "name=pictures", "sync=false", "silent=false"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    shown = len(re.findall(r"last-message = chain ", result.stdout))
    assert shown == FRAMES


def test_the_progressive_mp4s_are_remuxed_whole(long_video):
    variants = long_video.client.stream(long_video.asset)["variants"]
    assert set(variants) == {"720p", "480p", "360p"}
    master = Master.load(long_video.client, long_video.master)
    by_height = {variant.attributes["RESOLUTION"].split("x")[1]: variant.url for variant in master.variants}
    for name, url in variants.items():
        assert re.search(rf"/{name}\.mp4(\?|$)", url)
        assert clips.count_frames(url) == FRAMES
        height = clips.probe(url, "stream=height", "-select_streams", "v:0")[0]
        assert height == name.removesuffix("p")
        assert picture_hash(url) == picture_hash(by_height[height]), "the pictures are the segments' own"


def picture_hash(url: str) -> str:
    """A hash over the coded pictures, which a remux keeps and an encode does not."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-map", "0:v:0", "-c", "copy", "-bsf:v",
               "h264_mp4toannexb", "-f", "hash", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_a_real_camera_clip_plays_in_chromium(service, page):
    clip = clips.real("v-1080p25-camera.mp4")
    someone = Client(service.url).register()
    asset = someone.complete(someone.send(clip))
    chromium.sign_in(page, service.url, someone.email, PASSWORD)
    pages.watch(page, service.url, asset)
    video = pages.start(page)
    until("time to advance", lambda: video.evaluate("v => v.currentTime") > 1)
    assert video.evaluate("v => v.duration") == pytest.approx(clips.duration(clip), abs=0.1)
    until("the end", lambda: video.evaluate("v => v.ended"))
    assert video.evaluate("v => v.error") is None
    quality = video.evaluate("v => v.getVideoPlaybackQuality().totalVideoFrames")
    assert quality > 0
