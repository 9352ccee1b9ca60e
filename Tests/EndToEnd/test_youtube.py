"""Contract 1's `POST /api/assets/:id/share/youtube`, against a server that keeps YouTube's protocol strictly."""
import hashlib
import json
import pathlib
import signal

import pytest

from support import browser as chromium
from support import clips
from support.accessibility import grave
from support.client import PASSWORD, Client
from support.openapi import Description
from support.service import kill_quietly
from support.wait import until
from support.youtube import CLIENT, Hold, YouTube, refusal

MIB = 1 << 20
SIZE = 4 * MIB
DONE = {"success", "youtubeId", "youtubeUrl", "status"}
NO_QUOTA = (403, refusal(403, "quotaExceeded", 'You have exceeded your <a href="/quota">quota</a>.'))


@pytest.fixture(scope="module")
def youtube():
    channel = YouTube()
    yield channel
    channel.stop()


@pytest.fixture
def strict(youtube):
    """The channel, with nothing left over and nothing done wrong."""
    yield youtube
    assert youtube.wrongs == [] and youtube.faults == []


@pytest.fixture(scope="module")
def house(start_service_once, youtube):
    return start_service_once(**youtube.settings)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("youtube")
    small = clips.make(folder / "small.mp4", 1, size="320x180", sound=False)
    return clips.padded(small, folder / "clip.mp4", SIZE)


@pytest.fixture
def owner(house) -> Client:
    return Client(house.url).register()


def recording(client: Client, clip: pathlib.Path, **metadata) -> str:
    """An asset that was looked into; the rest is made beside."""
    asset = client.status(client.send(clip, metadata=metadata))["assetId"]
    until(f"the length of {asset}", lambda: client.get(f"/api/assets/{asset}").json().get("duration"))
    return asset


def path(asset: str) -> str:
    return f"/api/assets/{asset}/share/youtube"


def publish(client: Client, asset: str, **wishes):
    """The answer; that about the video, where the first came before it."""
    answer = client.request("POST", path(asset), data=wishes)
    if answer.status != 202:
        return answer
    look = lambda: now if (now := state(client, asset))["status"] != "uploading" else None  # noqa: E731
    ended = until("its end", look)
    return client.request("POST", path(asset), data=wishes) if ended["youtubeId"] else answer


def begin(client: Client, asset: str, **wishes) -> None:
    """Asks, and does not wait for the answer: as somebody who closes the page."""
    connection = client.connect()
    connection.request("POST", path(asset), body=json.dumps(wishes),
                       headers={"Content-Type": "application/json", "Authorization": f"Bearer {client.token}"})
    until("it to have begun", lambda: state(client, asset)["status"] == "uploading")
    connection.close()


def state(client: Client, asset: str) -> dict:
    answer = client.get(path(asset))
    assert answer.status == 200, answer
    return answer.json()


def published(client: Client, asset: str) -> dict:
    return until("the video", lambda: now if (now := state(client, asset))["youtubeId"] else None)


def assert_whole(session, clip: pathlib.Path) -> None:
    assert session.video
    assert hashlib.sha256(session.content).digest() == hashlib.sha256(clip.read_bytes()).digest()


def test_a_video_is_published_as_the_contract_says(house, owner, strict, clip):
    asset = recording(owner, clip)
    assert state(owner, asset) == {
        "available": True, "success": False, "youtubeId": None, "youtubeUrl": None, "status": "none"}
    wishes = {"title": "My Video on YouTube", "description": "Check out my awesome video!",
              "tags": ["demo", "tutorial"], "private": False}
    answer = publish(owner, asset, **wishes)
    assert answer.status == 200, answer
    Description(owner.get("/openapi.json").json()).check("POST", path(asset), answer)
    told = answer.json()
    [session] = strict.titled(wishes["title"])
    assert_whole(session, clip)
    assert told == {"success": True, "youtubeId": session.video["id"], "status": "published",
                    "youtubeUrl": f"https://www.youtube.com/watch?v={session.video['id']}"}
    snippet = {name: wishes[name] for name in ("title", "description", "tags")}
    assert session.resource == {"snippet": snippet, "status": {"privacyStatus": "public"}}

    again = publish(owner, asset, title="Another title")
    assert (again.status, again.json()) == (200, told), "the same video, not a second one"
    now = state(owner, asset)
    assert {name: now[name] for name in DONE} == told
    assert now["bytesSent"] == now["bytesTotal"] == SIZE and "error" not in now
    log = house.text()
    assert not any(secret in log for secret in (CLIENT["client_secret"], CLIENT["refresh_token"], "upload_id="))


def test_a_token_that_expired_a_line_that_breaks_and_a_server_that_fails_cost_no_second_video(owner, strict, clip):
    asset = recording(owner, clip, title="<b>" + "Ä" * 200)
    strict.faults = [("begin", (503, b"try later")), ("begin", (401, refusal(401, "authError", "Expired"))),
                     ("send", MIB + 1000), ("send", 2 * MIB), ("ask", (401, refusal(401, "authError", "Expired")))]
    assert publish(owner, asset).status == 200
    assert published(owner, asset)["status"] == "private", "unless told otherwise"
    [session] = strict.titled("b" + "Ä" * 99)
    assert session.resource["status"] == {"privacyStatus": "private"}
    assert session.starts == [0, MIB, 3 * MIB], "each goes on where YouTube is"
    assert_whole(session, clip)


def test_what_youtube_refuses_is_told_by_its_field_or_in_its_words_and_can_be_asked_for_again(owner, strict, clip):
    asset = recording(owner, clip, title="No quota")
    for field, value in (("title", "x" * 101), ("title", "  "), ("title", "a < b"), ("description", "é" * 2501),
                         ("tags", ["two words"] * 50), ("tags", ["a>b"]), ("tags", "demo"), ("private", "no")):
        answer = publish(owner, asset, **{field: value})
        assert (answer.status, answer.json().get("field")) == (400, field), answer
    stranger = Client(owner.url).register()
    assert publish(stranger, asset).status == 403 and stranger.get(path(asset)).status == 403
    assert publish(owner, "asset_1").status == 404
    assert Client(owner.url).request("POST", path(asset), data={}).status == 401
    assert state(owner, asset)["status"] == "none"
    strict.faults = [("begin", NO_QUOTA)]
    answer = publish(owner, asset)
    words = "YouTube says: You have exceeded your quota. (quotaExceeded)"
    # 202 on a machine that is so busy that YouTube's answer came later.
    assert answer.status == 202 or (answer.status, answer.json()["error"]) == (502, words), answer
    description = Description(owner.get("/openapi.json").json())
    description.check("POST", path(asset), answer)
    description.check("GET", path(asset), owner.get(path(asset)))
    now = state(owner, asset)
    assert (now["status"], now["error"], now["success"]) == ("failed", words, False)
    strict.faults = [("token", (400, b'{"error": "invalid_grant", "error_description": "revoked"}'))]
    assert publish(owner, asset).status in (202, 502)
    assert "YOUTUBE_REFRESH_TOKEN" in state(owner, asset)["error"]
    assert publish(owner, asset).status == 200
    assert len(strict.titled("No quota")) == 1


def test_without_a_channel_it_says_what_to_set(service, client, small_clip, page):
    asset = client.finish(client.send(small_clip))["assetId"]
    answer = publish(client, asset)
    assert answer.status == 503 and "YOUTUBE_REFRESH_TOKEN" in answer.json()["error"], answer
    assert state(client, asset) == {
        "available": False, "success": False, "youtubeId": None, "youtubeUrl": None, "status": "none"}
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    page.goto(f"{service.url}/assets/{asset}")
    page.get_by_role("heading", name="Share").wait_for()
    assert not page.locator("#youtube-box").is_visible()


def test_the_page_publishes_it_by_keyboard_and_tells_what_youtube_says(house, owner, strict, clip, page):
    asset = recording(owner, clip, title="From the page", tags=["sea"])
    chromium.sign_in(page, house.url, owner.email, PASSWORD)
    page.goto(f"{house.url}/assets/{asset}")
    strict.faults = [("begin", NO_QUOTA)]
    button = page.get_by_role("button", name="Publish on YouTube")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="You have exceeded your quota").wait_for()
    assert grave(page) == []
    page.get_by_label("Everybody may see it there").check()
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("It is on YouTube.").wait_for()
    link = page.get_by_role("link", name="Watch on YouTube")
    [session] = strict.titled("From the page")
    assert link.get_attribute("href") == f"https://www.youtube.com/watch?v={session.video['id']}"
    assert session.resource["snippet"]["tags"] == ["sea"]
    assert page.evaluate("document.activeElement.id") == "youtube-title" and not button.is_visible()
    page.reload()
    link.wait_for()
    assert grave(page) == []


def test_deleting_the_recording_ends_the_upload(owner, strict, clip):
    asset = recording(owner, clip, title="Regretted")
    hold = Hold(MIB)
    strict.faults = [("send", hold)]
    begin(owner, asset)
    assert hold.reached.wait(120)
    assert owner.request("DELETE", f"/api/assets/{asset}").status == 204
    hold.release.set()
    assert owner.request("POST", f"/api/trash/{asset}/restore").status == 200
    now = state(owner, asset)
    assert now["status"] == "failed" and "trash" in now["error"]
    assert publish(owner, asset, private=False).status == 200, "and can be asked for again"
    sessions = strict.titled("Regretted")
    assert len([session for session in sessions if session.video]) == 1


def test_kill_9_of_the_worker_and_of_the_service_costs_neither_bytes_nor_a_second_video(house, owner, strict, clip):
    asset = recording(owner, clip, title="Immortal")
    first, second = Hold(MIB), Hold(MIB)
    strict.faults = [("send", first), ("send", second)]
    begin(owner, asset)
    assert first.reached.wait(120)
    for worker in house.workers():
        kill_quietly(worker)
    first.release.set()
    assert second.reached.wait(120), "another worker goes on"
    workers = house.workers()
    house.process.send_signal(signal.SIGKILL)
    house.process.wait(120)
    until("its workers to end", lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in workers))
    second.release.set()
    house.start(house.port)
    published(owner, asset)
    [session] = strict.titled("Immortal")
    assert session.starts == [0, MIB, 2 * MIB]
    assert_whole(session, clip)
