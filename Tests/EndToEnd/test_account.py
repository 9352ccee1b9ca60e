"""The account: password, sessions, API keys, by the API through every upload door, and by hand on its page."""
import subprocess

import pytest
from tusclient.client import TusClient

from support import browser as chromium
from support import clips, handling
from support.accessibility import fits, grave
from support.client import PASSWORD, Client
from support.service import binary, clean_environment
from support.wait import until


@pytest.fixture
def key(client):
    """Makes an API key with a scope; gives a client that has nothing else."""
    def make(scope: str) -> Client:
        made = client.request("POST", "/api/auth/keys", data={"name": f"{scope} key", "scope": scope}).json()
        program = Client(client.url)
        program.token = made["key"]
        return program

    return make


def test_a_key_uploads_through_every_door_and_counts_no_more_when_it_is_revoked(client, key, small_clip):
    program, reader = key("write"), key("read")
    asset = program.complete(program.send(small_clip))
    assert reader.get(f"/api/assets/{asset}").status == 200
    assert handling.send(program, small_clip.read_bytes(), "two.mp4").status == 201
    headers = {"Authorization": f"Bearer {program.token}"}
    uploader = TusClient(f"{client.url}/api/v1/videos/tus", headers=headers).uploader(
        str(small_clip), metadata={"filename": "three.mp4", "filetype": "video/mp4"})
    uploader.upload()
    until("all three in the library", lambda: client.get("/api/assets").json()["pagination"]["total"] == 3)

    size = {"filename": "a.mp4", "fileSize": 9, "fileType": "video/mp4"}
    assert reader.request("POST", "/api/uploads/init", data=size).status == 403
    begin = {"Upload-Length": "9", "Tus-Resumable": "1.0.0"}
    assert reader.request("POST", "/api/v1/videos/tus", headers=begin).status == 403
    assert reader.request("DELETE", f"/api/assets/{asset}").status == 403
    assert program.get("/api/auth/keys").status == 403

    listed = {line["name"]: line for line in client.get("/api/auth/keys").json()["keys"]}
    assert listed["write key"]["lastUsedAt"] and "key" not in listed["write key"]
    assert client.request("DELETE", f"/api/auth/keys/{listed['write key']['id']}").status == 204
    assert program.get("/api/assets").status == 401


def test_the_account_by_hand(page, browser, service):
    client = Client(service.url).register()
    elsewhere = Client(service.url)
    elsewhere.token = elsewhere.request(
        "POST", "/api/auth/login", data={"email": client.email, "password": PASSWORD}).json()["token"]
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    page.goto(service.url + "/")
    page.get_by_role("link", name="Account").click()

    page.get_by_label("Name").fill("Backup")
    page.get_by_role("button", name="Make a key").click()
    shown = page.get_by_label("The new key.")
    shown.wait_for()
    program = Client(service.url)
    program.token = shown.input_value()
    assert program.get("/api/assets").status == 200
    page.reload()
    page.get_by_text("reads and writes").wait_for()
    assert page.get_by_label("The new key.").is_hidden()
    page.get_by_role("button", name="Revoke “Backup”").click()
    page.get_by_text("opens nothing any more").wait_for()
    assert program.get("/api/assets").status == 401

    rows = page.get_by_role("list", name="Sessions").get_by_role("listitem")
    until("the sessions", lambda: rows.count() == 3 and "this one" in rows.first.inner_text())
    page.get_by_label("Current password").fill("not it")
    page.get_by_label("New password", exact=True).fill("a better one")
    page.get_by_label("New password, once more").fill("a better one")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_text("The current password is not right.").wait_for()
    assert page.get_by_label("Current password").evaluate("field => field === document.activeElement")
    page.get_by_label("Current password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("2 other sessions were signed out.").wait_for()
    until("the session that is left", lambda: rows.count() == 1)
    assert elsewhere.get("/api/assets").status == 401
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.set_default_timeout(120_000)
    chromium.sign_in(phone, service.url, client.email, "a better one")
    page.reload()
    page.get_by_role("button", name="Sign out all others").click()
    page.get_by_text("All others are signed out.").wait_for()
    phone.goto(service.url + "/account")
    phone.get_by_text("Invalid token").or_(phone.get_by_role("link", name="Sign in")).first.wait_for()
    phone.context.close()


def test_captions_by_hand_belong_to_their_version(page, client, small_clip, tmp_path):
    asset = client.complete(client.send(small_clip))
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    (tmp_path / "b.srt").write_text("nothing of the kind")
    chromium.sign_in(page, client.url, client.email, PASSWORD)
    page.goto(f"{client.url}/assets/{asset}")
    page.get_by_label("Language").fill("de")
    page.get_by_label("File (WebVTT").set_input_files(tmp_path / "b.srt")
    page.get_by_role("button", name="Add captions").click()
    until("the reason", lambda: page.locator("#caption-error").inner_text() != "")
    page.get_by_label("File (WebVTT").set_input_files(tmp_path / "a.srt")
    page.get_by_role("button", name="Add captions").click()
    page.get_by_text("The captions in Deutsch are there.").wait_for()
    page.get_by_label("File of the new version").set_input_files(clips.make(tmp_path / "new.mp4", 3, size="320x180"))
    page.get_by_text("Of version 2, which is live.").wait_for()
    captions = page.get_by_role("list", name="Captions").get_by_role("listitem")
    until("no captions", lambda: captions.count() == 0)
    page.get_by_role("button", name="Make version 1 live").click()
    page.get_by_role("button", name="Delete the captions in Deutsch").click()
    page.get_by_text("The captions in Deutsch are deleted.").wait_for()
    assert client.get(f"/api/assets/{asset}/captions").json()["captions"] == []


def test_the_page_asks_for_an_invitation_where_one_is_needed(page, start_service):
    service = start_service(REGISTRATION="invite", WORKERS="0")
    made = subprocess.run([binary(), "user", "invite", "--data", service.data], check=True, capture_output=True,
                          text=True, env=clean_environment(), cwd=service.folder, timeout=120)
    page.goto(service.url + "/")
    page.get_by_role("button", name="Create an account").click()
    page.locator("#email").fill("guest@example.org")
    page.locator("#password").fill(PASSWORD)
    code = page.get_by_label("Invitation code")
    assert code.is_hidden()
    page.get_by_role("button", name="Create the account").click()
    page.get_by_text("An invitation is needed to register").wait_for()
    until("the focus", lambda: code.evaluate("input => input === document.activeElement"))
    assert grave(page) == []
    code.fill(made.stdout.strip())
    page.get_by_role("button", name="Create the account").click()
    page.get_by_role("button", name="Choose files").wait_for()


def test_the_menu_of_a_phone_by_keyboard(browser, service):
    client = Client(service.url).register()
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.set_default_timeout(120_000)
    chromium.sign_in(phone, service.url, client.email, PASSWORD)
    phone.goto(service.url + "/trash")
    menu = phone.get_by_role("button", name="Menu")
    menu.focus()
    phone.keyboard.press("Enter")
    phone.get_by_role("link", name="Upload").wait_for()
    phone.keyboard.press("Escape")
    assert phone.get_by_role("link", name="Upload").is_hidden()
    assert menu.evaluate("button => button === document.activeElement")
    menu.click()
    phone.get_by_role("link", name="Upload").click()
    choose = phone.get_by_role("button", name="Choose files")
    until("the focus", lambda: choose.evaluate("button => button === document.activeElement"))
    menu.click()
    assert grave(phone) == [] and fits(phone)
    phone.get_by_role("button", name="Sign out").click()
    phone.get_by_role("heading", name="Sign in").wait_for()
    phone.context.close()
