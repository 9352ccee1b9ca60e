"""Links for people without an account: limits, counts, passwords, revoking, embedding."""
import concurrent.futures
import json
import urllib.parse

import pytest

from support import clips
from support.client import Client
from support.wait import until

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def anybody(service) -> Client:
    return Client(service.url)


def share(medium, **wishes) -> dict:
    answer = medium.client.request("POST", f"/media/{medium.asset}/share", data=wishes)
    assert answer.status == 201, answer
    return answer.json()


def path(link: dict) -> str:
    return f"/public/stream/{link['token']}"


def state(medium, link: dict) -> dict:
    shares = medium.client.get(f"/media/{medium.asset}/share").json()["shares"]
    return next(line for line in shares if line["token"] == link["token"])


def play(anybody: Client, link: dict, **body):
    return anybody.request("POST", path(link) + "/play", data=body)


def test_a_player_is_led_to_the_stream_and_counted(long_video, anybody):
    link = share(long_video)
    assert "expiresAt" not in link
    answer = anybody.get(path(link))
    assert answer.status == 302 and answer.headers["Cache-Control"] == "no-store"
    assert clips.count_frames(link["sharingUrl"]) == 1000
    assert state(long_video, link)["views"] == 2, "ours, and ffprobe's"


def test_a_browser_gets_a_page_and_is_counted_when_it_plays(long_video, anybody):
    link = share(long_video, maxViews=1)
    for _ in range(3):
        page = anybody.get(path(link), headers=BROWSER)
        assert page.status == 200 and "text/html" in page.headers["Content-Type"]
        assert anybody.get(path(link) + "/details").json()["title"] == "long.mp4"
        assert anybody.get(path(link) + "/poster.jpg").status == 200
        assert anybody.request("HEAD", path(link)).status == 200
    assert state(long_video, link)["views"] == 0
    session = play(anybody, link).json()
    assert anybody.get(session["masterUrl"]).status == 200
    assert state(long_video, link)["views"] == 1
    assert play(anybody, link).status == 410
    assert anybody.get(session["masterUrl"]).status == 200, "what has begun goes on"


def test_a_view_too_many_is_never_given_however_many_come_at_once(long_video, anybody):
    link = share(long_video, maxViews=7)

    def come(number: int) -> int:
        return anybody.get(path(link)).status if number % 2 else play(anybody, link).status

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(come, range(60)))
    assert sum(status in (200, 302) for status in statuses) == 7
    assert statuses.count(410) == 53
    assert state(long_video, link)["views"] == 7 and state(long_video, link)["state"] == "used_up"
    views = long_video.client.get(f"/media/{long_video.asset}/share/{link['token']}/views").json()["views"]
    assert len(views) == 7


def test_links_that_have_ended_say_why(long_video, anybody):
    expired, used, revoked = share(long_video, expiresIn=1), share(long_video, maxViews=1), share(long_video)
    play(anybody, used)
    assert long_video.client.request("DELETE", f"/media/{long_video.asset}/share/{revoked['token']}").status == 204
    until("the link to expire", lambda: anybody.get(path(expired)).status == 410)
    for link, word in ((expired, "expired"), (used, "as often"), (revoked, "revoked")):
        for answer in (anybody.get(path(link)), play(anybody, link), anybody.get(path(link) + "/details")):
            assert answer.status == 410 and word in answer.json()["error"], answer
        page = anybody.get(path(link), headers=BROWSER)
        assert page.status == 410 and word in page.body.decode()
    assert anybody.get("/public/stream/" + "A" * 22).status == 404
    assert anybody.get("/public/stream/" + "A" * 22, headers=BROWSER).status == 404


def test_revoking_stops_what_is_playing(long_video, anybody):
    link = share(long_video)
    session = play(anybody, link).json()
    master = anybody.get(session["masterUrl"]).body.decode()
    media = next(line for line in master.splitlines() if line.endswith("playlist.m3u8"))
    segment = urllib.parse.urljoin(session["masterUrl"], media).replace("playlist.m3u8", "0.m4s")
    assert anybody.get(segment).status == 200
    assert long_video.client.request("DELETE", f"/media/{long_video.asset}/share/{link['token']}").status == 204
    assert anybody.get(segment).status == 410
    assert anybody.get(long_video.client.stream(long_video.asset)["masterUrl"]).status == 200, "the owner's own goes on"


def test_an_address_is_asked_for_checked_and_kept(long_video, anybody):
    link = share(long_video, requireEmail=True)
    assert anybody.get(path(link)).status == 403, "a player cannot be asked"
    for body in ({}, {"email": ""}, {"email": "nobody"}, {"email": "a@b@c"}, {"email": "a b@example.com"}):
        answer = play(anybody, link, **body)
        assert answer.status == 400 and answer.json()["field"] == "email", answer
    assert play(anybody, link, email=" ann@example.com ").status == 200
    views = long_video.client.get(f"/media/{long_video.asset}/share/{link['token']}/views").json()["views"]
    assert [(view["email"], view["player"]) for view in views] == [("ann@example.com", "page")]


def test_a_password_is_asked_for_and_cannot_be_guessed(long_video, anybody):
    link = share(long_video, password="open sesame")
    details = anybody.get(path(link) + "/details").json()
    assert details["requirePassword"] and details["title"] == "A recording" and "posterUrl" not in details
    assert anybody.get(path(link) + "/poster.jpg").status == 404
    assert anybody.get(path(link)).status == 403
    assert play(anybody, link).json()["field"] == "password"
    assert play(anybody, link, password="open sesame").status == 200
    assert play(anybody, link, password="a guess").status == 400
    # All at once: one after the other, a slow machine might let all of them in.
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        guesses = pool.map(lambda number: play(anybody, link, password=f"guess {number}").status, range(20))
    assert set(guesses) == {400, 429}
    assert state(long_video, link)["views"] == 1


def test_allowed_origins_bind_players_and_frames(long_video, anybody):
    link = share(long_video, allowedOrigins=["https://Example.com", "http://localhost:9"])
    assert anybody.get(path(link)).status == 403
    assert anybody.get(path(link), headers={"Origin": "https://evil.example"}).status == 403
    assert anybody.get(path(link), headers={"Origin": "https://example.com"}).status == 302
    assert anybody.get(path(link), headers={"Referer": "http://localhost:9/page"}).status == 302
    policy = anybody.get(f"/embed/{link['token']}").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://example.com http://localhost:9")
    free = share(long_video)
    assert anybody.get(f"/embed/{free['token']}").headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert anybody.get(path(free), headers=BROWSER).headers["Content-Security-Policy"].endswith("ancestors 'none'")


def test_wrong_wishes_are_named_and_others_assets_are_not_shared(service, long_video):
    for wishes, field in (({"expiresIn": 0}, "expiresIn"), ({"expiresIn": 1e300}, "expiresIn"),
                          ({"maxViews": 0}, "maxViews"), ({"password": "abc"}, "password"),
                          ({"allowedOrigins": ["example.com"]}, "allowedOrigins"),
                          ({"allowedOrigins": ["https://a.com; script-src *"]}, "allowedOrigins")):
        answer = long_video.client.request("POST", f"/media/{long_video.asset}/share", data=wishes)
        assert answer.status == 400 and answer.json()["field"] == field, answer
    stranger = Client(service.url).register()
    link = share(long_video)
    for method, where in (("POST", ""), ("GET", ""), ("DELETE", f"/{link['token']}")):
        answer = stranger.request(method, f"/media/{long_video.asset}/share{where}")
        assert answer.status == 403, answer


def test_oembed_describes_a_share_and_nothing_else(service, long_video, anybody):
    link = share(long_video)
    for url in (link["sharingUrl"], link["embedUrl"]):
        answer = anybody.get("/oembed?" + urllib.parse.urlencode({"url": url, "maxwidth": 640}))
        assert answer.status == 200, answer
        card = answer.json()
        assert card["version"] == "1.0" and card["type"] == "video"
        assert (card["width"], card["height"]) == (640, 360)
        assert f'<iframe src="{link["embedUrl"]}" width="640" height="360"' in card["html"]
        assert anybody.get(card["thumbnail_url"]).status == 200
    page = anybody.get(path(link), headers=BROWSER).body.decode()
    assert 'type="application/json+oembed"' in page and urllib.parse.quote(link["token"], safe="") in page
    for url in ("https://example.com/public/stream/x", service.url + "/watch/1", ""):
        assert anybody.get("/oembed?" + urllib.parse.urlencode({"url": url})).status == 404
    assert anybody.get("/oembed?format=xml&url=" + urllib.parse.quote(link["sharingUrl"])).status == 501
    assert json.loads(anybody.get("/oembed").body)["field"] == "url"


def test_a_deleted_recording_is_not_played_by_its_links(service, small_clip, anybody):
    client = Client(service.url).register()
    asset = client.complete(client.send(small_clip))
    link = client.request("POST", f"/media/{asset}/share").json()
    session = play(anybody, link).json()
    client.request("DELETE", f"/api/assets/{asset}")
    assert anybody.get(path(link)).status == 404
    assert anybody.get(session["masterUrl"]).status == 404
