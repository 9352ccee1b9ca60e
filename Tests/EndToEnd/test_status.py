"""Health and the status page: what is wrong is told with its reason, and told no more when it is mended."""
import os
import signal

import pytest

from support import browser as chromium
from support.accessibility import fits, grave
from support.client import PASSWORD, Client
from support.service import Service, kill_quietly
from support.small_disk import MIB, fill, mounted, remount
from support.wait import until


def problems(client: Client) -> dict[str, str]:
    """What is not well, by check; the statuses agree with it, and the service lives."""
    answer = client.get("/health/ready")
    health = answer.json()
    assert answer.status == (503 if health["problems"] else 200), answer
    assert health["status"] == ("unavailable" if health["problems"] else "ok")
    assert client.get("/health/live").status == 200
    return {problem["check"]: problem["code"] for problem in health["problems"]}


def metric(client: Client, name: str) -> float | None:
    for line in client.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return None


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A service with one worker, whose folder for uploads is a small disk of its own."""
    folder = tmp_path_factory.mktemp("house")
    with mounted(folder / "data/staging", 32 * MIB) as staging:
        service = Service(folder, WORKERS=1, MIN_FREE_SPACE="8 MiB")
        service.staging = staging
        try:
            yield service.start()
        finally:
            service.stop()


@pytest.fixture(scope="module")
def admin(house):
    client = Client(house.url)
    data = {"token": house.admin_link.partition("token=")[2], "email": "boss@example.com", "password": PASSWORD}
    client.token = client.request("POST", "/setup", data=data).json()["token"]
    return client


def test_a_disk_that_is_full_or_read_only_is_told_and_mended(house):
    client = Client(house.url)
    until("a service that is well", lambda: problems(client) == {} and client.get("/health").status == 200)
    ballast = fill(house.staging, leaving=4 * MIB)
    until("the full disk", lambda: problems(client) == {"storage": "too_full"})
    assert client.get("/health").status == 503
    # Another check may be late where the machine has much else to do.
    answer = until("content management to be well all the same", lambda: (
        found := client.get("/api/health")).json()["services"]["content-management"]["status"] == "ok" and found)
    services = answer.json()["services"]
    assert answer.status == 503 and str(house.folder) not in answer.body.decode()
    assert any(p["reason"].startswith("The disk is nearly full") for p in services["upload-manager"]["problems"])
    ballast.unlink()
    remount(house.staging, "ro")
    until("the read-only disk", lambda: problems(client) == {"storage": "read_only"})
    assert metric(client, 'telecine_health_check_up{check="storage"}') == 0
    remount(house.staging, "rw")
    until("its recovery", lambda: problems(client) == {})
    assert metric(client, 'telecine_health_check_up{check="storage"}') == 1


def test_workers_that_are_killed_come_back_and_those_that_hang_are_missed(house):
    client = Client(house.url)
    first = until("a worker", house.workers)
    before = metric(client, "telecine_worker_restarts_total")
    kill_quietly(first[0])
    until("its successor", lambda: house.workers() not in ([], first))
    assert metric(client, "telecine_worker_restarts_total") == before + 1
    until("a worker that lives", lambda: metric(client, "telecine_workers_alive") == 1)
    (hanging,) = house.workers()
    os.kill(hanging, signal.SIGSTOP)
    try:
        until("that it is missed", lambda: problems(client) == {"workers": "none_alive"}, every=0.5)
        assert client.get("/api/health").json()["services"]["workers"]["status"] == "unavailable"
    finally:
        os.kill(hanging, signal.SIGCONT)
    until("that it is back", lambda: problems(client) == {})


def test_administrators_read_where_and_why(house, admin):
    ballast = fill(house.staging, leaving=4 * MIB)
    facts = until("the full disk, and the worker", lambda: (
        found := admin.get("/api/admin/status").json())["problems"][:1] and len(found["workers"]) == 1
        and found["problems"][0]["code"] == "too_full" and found)
    ballast.unlink()
    assert str(house.staging) in facts["problems"][0]["detail"]
    assert facts["workers"][0]["slots"] > 1
    assert facts["storage"]["size"] > facts["storage"]["free"] > 0
    assert facts["queue"] == [] and facts["failures"] == []


def test_the_page_tells_everybody_what_is_down_and_that_it_is_up_again(page, house):
    client = Client(house.url)
    until("a service that is well", lambda: problems(client) == {})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(house.url + "/status")
    page.get_by_role("heading", name="Everything works").wait_for()
    uploads = page.locator("#services li", has_text="Upload manager")
    assert "Up" in uploads.inner_text() and page.locator("#services li").count() == 6
    ballast = fill(house.staging, leaving=4 * MIB)
    page.get_by_role("heading", name="2 of 6 services are down").wait_for()
    assert "Down" in uploads.inner_text() and "nearly full" in uploads.inner_text()
    ballast.unlink()
    page.get_by_role("heading", name="Everything works").wait_for()
    assert page.locator("#details").is_hidden(), "the queue and the disk are nobody's business"
    assert errors == []


def test_the_page_shows_administrators_the_rest(page, house, admin):
    chromium.sign_in(page, house.url, "boss@example.com", PASSWORD)
    page.goto(house.url + "/status")
    page.locator("#details").wait_for()
    assert "free of" in page.locator("#room").inner_text()
    assert page.locator("#workers tr").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main", "by keyboard to the content"


@pytest.mark.parametrize("who", ["anybody", "administrator"])
def test_the_page_has_no_serious_finding(styled, house, admin, who):
    if who == "administrator":
        chromium.sign_in(styled, house.url, "boss@example.com", PASSWORD)
    styled.goto(house.url + "/status")
    styled.locator("#services li" if who == "anybody" else "#workers tr").first.wait_for()
    assert grave(styled) == []
    assert fits(styled)
