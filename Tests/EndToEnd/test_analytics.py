"""Playbacks are counted: by our player, by any client's events, by CMCD; shown to the owner alone."""
import csv
import io
import urllib.parse

import pytest

from support import browser as chromium
from support import pages
from support.accessibility import fits, grave
from support.client import PASSWORD, Client
from support.wait import until


@pytest.fixture
def link(long_video) -> dict:
    """A share of its own: other tests play the same recording."""
    answer = long_video.client.request("POST", f"/media/{long_video.asset}/share", data={})
    assert answer.status == 201, answer
    return answer.json()


@pytest.fixture
def anybody(service) -> Client:
    return Client(service.url)


def session(anybody: Client, link: dict) -> str:
    """The master's path of a playback by a link."""
    answer = anybody.request("POST", f"/public/stream/{link['token']}/play", data={})
    assert answer.status == 200, answer
    return urllib.parse.urlsplit(answer.json()["masterUrl"]).path


def analytics(medium, link: dict, **more):
    query = urllib.parse.urlencode({"share": link["token"]} | more)
    answer = medium.client.get(f"/media/{medium.asset}/analytics?{query}")
    assert answer.status == 200, answer
    return answer.json() if "format" not in more else list(csv.reader(io.StringIO(answer.body.decode())))


def test_what_a_viewer_watches_in_our_player_is_counted_and_shown(page, service, long_video, link):
    page.goto(link["sharingUrl"])
    page.get_by_role("button", name="Play", exact=True).click()
    video = page.locator("video")
    # In the page: what it plays must not depend on when this process has its turn.
    video.evaluate("""v => v.addEventListener('timeupdate', () => {
        if (v.currentTime > 31.7) v.pause(); else if (v.currentTime > 3.2 && v.currentTime < 30) v.currentTime = 30;
    })""")
    until("three seconds, and a second and a half further on", lambda: pages.position(video) > 31.7)
    page.goto("about:blank")
    counted = until("the view, by the page's last words",
                    lambda: (found := analytics(long_video, link))["totals"]["watchTime"] > 4 and found)
    totals = counted["totals"]
    assert (totals["views"], totals["uniqueViewers"], totals["measuredStarts"], totals["errors"]) == (1, 1, 1, 0)
    assert 4 < totals["watchTime"] < 15 and 0 < totals["averageStartupTime"] < 600
    seconds = counted["retention"]["viewers"]
    assert len(seconds) == 40 and seconds[:3] == [1, 1, 1] and seconds[30] == 1 and not any(seconds[10:29])
    assert sum(part["watchTime"] for part in counted["qualities"]) == pytest.approx(totals["watchTime"], abs=0.01)
    chromium.sign_in(page, service.url, long_video.client.email, PASSWORD)
    page.goto(f"{service.url}/assets/{long_video.asset}")
    page.get_by_label("Where").select_option(link["token"])
    curve = page.get_by_role("slider", name="Who was still watching")

    def read(key: str) -> str:
        curve.press(key)
        return curve.get_attribute("aria-valuetext")

    until("the link's own curve, by keyboard", lambda: read("End").startswith("0:39: 0 % of views"))
    assert read("Home").startswith("0:00: 100 % of views")


def test_events_of_any_client_are_counted_and_leave_as_csv(long_video, anybody, link):
    master = session(anybody, link)
    token = master.split("/")[2]
    beacon = {"Content-Type": "text/plain;charset=UTF-8"}
    batch = (b'{"session": "one", "events": [{"event": "play", "position": 0, "quality": "720p", "ago": 10},'
             b' {"event": "pause", "position": 10, "quality": "720p"}]}')
    events = f"/media/{long_video.asset}/events?token={token}"
    assert anybody.request("POST", events, body=batch, headers=beacon).status == 204
    private = beacon | {"DNT": "1"}
    assert anybody.request("POST", events, body=batch.replace(b"one", b"two"), headers=private).status == 204
    head, *days = analytics(long_video, link, format="csv")
    assert len(days) == 30 and head[:4] == ["date", "views", "unique_viewers", "watch_time"]
    # Of two days where midnight came in between.
    counts = [sum(float(day[column]) for day in days[-2:]) for column in (1, 2, 3)]
    assert counts == [2, 1, 20], "who asks not to be tracked is a view and no viewer"
    head, *curve = analytics(long_video, link, format="csv", table="retention")
    assert head == ["second", "viewers", "plays"] and len(curve) == 40
    assert curve[9] == ["9", "2", "2"] and curve[10] == ["10", "0", "0"]
    assert analytics(long_video, link, format="csv", table="qualities")[1] == ["720p", "20.0"]
    wrong = anybody.request("POST", events, data={"event": "dance"})
    assert wrong.status == 400 and "dance" in wrong.json()["error"] and wrong.json()["field"] == "event"
    stranger = Client(anybody.url).register()
    assert stranger.get(f"/media/{long_video.asset}/analytics").status == 403
    metrics = anybody.get("/metrics").body.decode()
    assert 'telecine_playback_events_received_total{source="event"}' in metrics


def test_players_that_send_cmcd_are_counted_by_what_they_fetch(long_video, anybody, link):
    base = session(anybody, link).rsplit("/", 1)[0]
    data = urllib.parse.quote('bl=4000,br=800,d=6000,ot=v,sid="6e2fb550-c457"')
    for number in (0, 1, 1):
        assert anybody.get(f"{base}/360p/{number}.m4s?CMCD={data}").status == 200
    headers = {"CMCD-Session": 'sid="6e2fb550-c457",sf=h', "CMCD-Status": "bs", "CMCD-Object": "br=2500,d=6000,ot=v"}
    assert anybody.get(f"{base}/720p/2.m4s", headers=headers).status == 200
    assert anybody.get(f"{base}/720p/3.m4s").status == 200, "without it nothing is known"
    counted = analytics(long_video, link)
    assert counted["totals"]["views"] == 1 and counted["totals"]["rebuffers"] == 1
    parts = {part["quality"]: part["watchTime"] for part in counted["qualities"]}
    assert parts == {"360p": pytest.approx(12, abs=1), "720p": pytest.approx(6, abs=1)}
    assert counted["retention"]["viewers"][0] == 1 and counted["retention"]["viewers"][-1] == 0


def test_the_asset_page_with_its_charts_has_no_serious_finding(styled, service, long_video, anybody, link):
    events = session(anybody, link).replace("master.m3u8", "events")
    batch = {"session": "s", "events": [
        {"event": "play", "position": 0, "ago": 20, "quality": "720p"}, {"event": "error", "code": "network"}]}
    assert anybody.request("POST", events, data=batch).status == 204
    chromium.sign_in(styled, service.url, long_video.client.email, PASSWORD)
    styled.goto(f"{service.url}/assets/{long_video.asset}")
    styled.get_by_role("slider", name="Who was still watching").wait_for()
    styled.get_by_text("As a table").first.click()
    assert grave(styled) == []
    assert fits(styled)
