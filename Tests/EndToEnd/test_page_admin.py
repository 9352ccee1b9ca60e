"""The administration page and its API: for administrators alone, by hand, by keyboard, and by those who cannot see."""
import json

import pytest

from support import browser as chromium
from support import handling
from support.accessibility import fits, grave
from support.client import PASSWORD, Client
from support.wait import until

PAGE = "/admin/mediafiles/media/"
BROKEN = b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def house(start_service_once):
    return start_service_once()


@pytest.fixture(scope="module")
def admin(house):
    client = Client(house.url)
    # The line follows the one that says it is ready.
    token = until("the link", lambda: house.admin_link).partition("token=")[2]
    data = {"token": token, "email": "boss@example.com", "password": PASSWORD}
    client.token = client.request("POST", "/setup", data=data).json()["token"]
    client.email = data["email"]
    return client


@pytest.fixture(scope="module")
def person(house, small_clip):
    """Somebody with a video that plays, and one that does not."""
    client = Client(house.url).register()
    client.good = handling.upload(client, small_clip)["id"]
    client.bad = handling.send(client, BROKEN, "broken.mkv").json()["id"]
    handling.ready(client, client.good)
    assert handling.finished(client, client.bad)["status"] == "failed"
    return client


@pytest.fixture
def desk(page, house, admin, person):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    chromium.sign_in(page, house.url, admin.email, PASSWORD)
    page.goto(house.url + PAGE)
    page.locator("#media-rows tr").first.wait_for()
    yield page
    assert errors == []


def media(admin, query: str = "") -> dict:
    answer = admin.get(f"/api/admin/media?{query}")
    assert answer.status == 200, answer
    return answer.json()


def acts(house, act: str) -> list[str]:
    """The lines of the log about one kind of act."""
    return [line for line in house.text().splitlines() if f'"administration","act":"{act}"' in line]


def test_the_api_is_for_administrators_alone(house, admin, person):
    for path in ("/api/admin/media", "/api/admin/jobs"):
        assert Client(house.url).get(path).status == 401
        assert person.get(path).status == 403
        assert admin.get(path).status == 200
    for path in ("/api/admin/media/actions", "/api/admin/jobs/actions"):
        assert person.request("POST", path, data={"action": "delete", "ids": [person.good]}).status == 403


def test_media_of_all_users_are_filtered(admin, person):
    assert {line["id"] for line in media(admin)["media"]} >= {person.good, person.bad}
    name = person.email.partition("@")[0]
    for owner in (person.email, name, str(media(admin)["media"][0]["owner"]["id"])):
        found = media(admin, f"owner={owner}&status=failed&type=video")["media"]
        assert [line["id"] for line in found] == [person.bad], owner
        assert found[0]["error"] and found[0]["owner"]["email"] == person.email
    day = media(admin)["media"][0]["createdAt"][:10]
    assert media(admin, f"from={day}&to={day}")["total"] >= 2
    assert media(admin, "to=2001-01-01")["total"] == 0
    assert media(admin, "owner=nobody-at-all")["total"] == 0
    assert admin.get("/api/admin/media?from=yesterday").status == 400


def test_acts_in_bulk_say_what_became_of_each_and_are_logged(house, admin, person):
    order = {"action": "unpublish", "ids": [person.good, 12345]}
    outcome = admin.request("POST", "/api/admin/media/actions", data=order).json()
    assert outcome["done"] == [person.good]
    assert [failure["id"] for failure in outcome["failed"]] == [12345]
    assert handling.detail(person, person.good)["is_public"] is False
    line = json.loads(until("the line in the log", lambda: acts(house, "unpublish"))[-1])
    assert line["done"] == [person.good] and line["failed"] == [12345] and line["on"] == "media" and line["by"]
    assert admin.request("POST", "/api/admin/media/actions", data={"action": "burn", "ids": [1]}).status == 400


def test_the_queue_shows_failed_jobs_with_their_reasons(admin, person):
    queue = admin.get("/api/admin/jobs?state=dead").json()
    job = next(line for line in queue["jobs"] if line["subject"].startswith(f"asset_{person.bad}/"))
    assert job["kind"] == "asset.prepare" and len(job["reason"]) > 10
    assert any(count["kind"] == job["kind"] and count["state"] == "dead" for count in queue["counts"])
    # What has failed as a whole is processed anew as a whole.
    outcome = admin.request("POST", "/api/admin/jobs/actions", data={"action": "retry", "ids": [job["id"]]}).json()
    assert outcome["done"] == [] and "reprocess" in outcome["failed"][0]["error"]


def test_others_are_told_that_the_page_is_not_theirs(page, house, person):
    chromium.sign_in(page, house.url, person.email, PASSWORD)
    page.goto(house.url + PAGE)
    page.get_by_text("This page is for administrators.").wait_for()
    page.goto(house.url + "/")
    page.get_by_role("button", name="Choose files").wait_for()
    assert not page.get_by_role("link", name="Administration").is_visible()


def test_an_administrator_finds_filters_and_publishes(desk, house, person):
    desk.goto(house.url + "/")
    desk.get_by_role("link", name="Administration").click()
    rows = desk.locator("#media-rows tr")
    rows.first.wait_for()
    desk.get_by_label("Status").select_option("failed")
    until("the filter", lambda: rows.count() == 1 and "broken.mkv" in rows.first.inner_text())
    assert "Failed" in rows.first.inner_text()
    desk.get_by_role("button", name="All").click()
    until("all of them", lambda: rows.count() >= 2)
    row = desk.locator(f"#media-rows tr[data-id='{person.good}']")
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="Make public").click()
    until("the change", lambda: "Everybody" in row.inner_text())
    assert handling.detail(person, person.good)["is_public"] is True
    picture = row.locator("img")
    until("the picture", lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"))


def test_deleting_asks_first_and_works_by_keyboard(desk, house, small_clip):
    owner = Client(house.url).register()
    doomed = handling.send(owner, BROKEN, "doomed.mkv").json()["id"]
    handling.finished(owner, doomed)
    desk.reload()
    box = desk.locator(f"#media-rows tr[data-id='{doomed}'] input")
    box.focus()
    desk.keyboard.press("Space")
    desk.get_by_role("button", name="Delete", exact=True).focus()
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog")
    dialog.wait_for()
    assert dialog.get_by_role("button", name="Keep").evaluate("b => b === document.activeElement")
    desk.keyboard.press("Escape")
    assert handling.detail(owner, doomed)["id"] == doomed
    desk.get_by_role("button", name="Delete", exact=True).first.click()
    dialog.get_by_role("button", name="Delete").click()
    until("the row to go", lambda: desk.locator(f"#media-rows tr[data-id='{doomed}']").count() == 0)
    assert owner.get(f"{handling.BASE}{doomed}/").status == 404


def test_the_jobs_part_names_what_failed(desk, person):
    desk.get_by_role("link", name="Jobs").click()
    row = desk.locator("#job-rows tr", has_text=f"asset_{person.bad}/").first
    row.wait_for()
    assert "Failed" in row.inner_text() and "Look into the file" in row.inner_text()
    row.get_by_role("checkbox").check()
    desk.locator("#part-jobs").get_by_role("button", name="Retry").click()
    desk.get_by_text("reprocess it").wait_for()


def test_the_audit_part_says_who_did_what(desk, admin, person):
    order = {"action": "publish", "ids": [person.bad]}
    assert admin.request("POST", "/api/admin/media/actions", data=order).json()["done"] == [person.bad]
    desk.get_by_role("link", name="Audit").click()
    row = desk.locator("#audit-rows tr").first
    until("the act", lambda: "Made a medium public" in row.inner_text())
    assert admin.email in row.inner_text() and f"asset_{person.bad}" in row.inner_text()
    desk.locator("#audit-filters").get_by_label("Act").select_option("user.add")
    until("the filter", lambda: "Made an account" in row.inner_text())


@pytest.mark.parametrize("part", ["media", "jobs", "audit"])
def test_the_page_has_no_serious_finding(styled, house, admin, person, part):
    chromium.sign_in(styled, house.url, admin.email, PASSWORD)
    styled.goto(f"{house.url}{PAGE}#{part}")
    rows = {"media": "#media-rows tr", "jobs": "#job-rows tr", "audit": "#audit-rows tr"}[part]
    styled.locator(rows).first.wait_for()
    assert grave(styled) == []
    assert fits(styled)
