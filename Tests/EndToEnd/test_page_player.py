"""Our player: it starts, follows the bandwidth, and seeks to the end."""
import re

import pytest

from support import browser as chromium
from support import pages
from support.client import PASSWORD
from support.wait import until


@pytest.fixture(params=["mse", "native"])
def watching(page, service, long_video, request):
    """The player by its own loader and by the browser's HLS."""
    chromium.sign_in(page, service.url, long_video.client.email, PASSWORD)
    pages.watch(page, service.url, long_video.asset, request.param)
    return page


class Line:
    """The page's network, throttled through the browser's own tools; one session, because each has its own limit."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def limit(self, kilobits: int | None) -> None:
        """The bandwidth from now on; None for no limit."""
        self.session.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": 10, "uploadThroughput": -1,
            "downloadThroughput": -1 if kilobits is None else kilobits * 125})


def test_time_advances_and_the_length_is_right(watching):
    video = pages.start(watching)
    assert video.evaluate("v => v.duration") == pytest.approx(40, abs=0.1)
    first = pages.position(video)
    until("two more seconds", lambda: pages.position(video) > first + 2)


def test_seeking_to_the_end_works_and_ends(watching):
    video = pages.start(watching)
    video.evaluate("v => { v.currentTime = v.duration - 1.5; }")
    until("the end", lambda: video.evaluate("v => v.ended"))
    assert video.evaluate("v => v.error") is None
    video.evaluate("v => { v.currentTime = 20; return v.play(); }")
    until("play after a seek back", lambda: pages.has_played(video, 20.3))


@pytest.mark.parametrize("engine", ["mse", "native"])
def test_the_picture_follows_the_bandwidth(page, service, long_video, engine):
    """On a slow line it stays below the top rung; when the line opens it grows to it, and nothing stalls for good."""
    chromium.sign_in(page, service.url, long_video.client.email, PASSWORD)
    line = Line(page)
    line.limit(1200)
    pages.watch(page, service.url, long_video.asset, engine)
    video = pages.start(page)
    until("eight seconds on a slow line", lambda: pages.position(video) > 8)
    assert 0 < pages.picture_width(video) < 1280
    line.limit(None)
    # What is buffered already is played faster.
    video.evaluate("v => { v.playbackRate = 3; }")
    until("the top rung", lambda: pages.picture_width(video) == 1280)
    assert video.evaluate("v => v.error") is None


def test_without_native_hls_the_page_plays_through_its_own_loader(page, service, long_video):
    """Firefox has no HLS: the same page where canPlayType says no."""
    page.add_init_script(
        """const can = HTMLMediaElement.prototype.canPlayType;
        HTMLMediaElement.prototype.canPlayType = function (type) {
            return /mpegurl/i.test(type) ? '' : can.call(this, type);
        };""")
    chromium.sign_in(page, service.url, long_video.client.email, PASSWORD)
    pages.watch(page, service.url, long_video.asset)
    video = pages.start(page)
    assert video.evaluate("v => v.currentSrc").startswith("blob:")


def test_quality_and_speed_can_be_chosen(page, service, long_video):
    chromium.sign_in(page, service.url, long_video.client.email, PASSWORD)
    pages.watch(page, service.url, long_video.asset)
    video = pages.start(page)
    page.locator("[data-quality]").click()
    page.get_by_role("menuitemradio", name="360p").click()
    until("the small picture", lambda: pages.picture_width(video) == 640)
    page.locator("[data-speed]").click()
    page.get_by_role("menuitemradio", name=re.compile("^2×")).click()
    assert video.evaluate("v => v.playbackRate") == 2
    before = pages.position(video)
    until("time to go on", lambda: pages.position(video) > before + 2)
