"""The page is told how an upload gets on, and asks where it cannot be told."""
import re
import secrets

import pytest

from support import pages
from support.wait import until

STATUS = re.compile(r"/api/uploads/[0-9a-f-]{36}$")
CHUNKS = re.compile(r"/api/uploads/[0-9a-f-]{36}/chunks$")
EVENTS = re.compile(r"/api/uploads/[0-9a-f-]{36}/events$")


@pytest.fixture
def asked(page, service):
    """Addresses that the page of a new account asks for."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    pages.register(page, service.url, f"person.{secrets.token_hex(4)}@example.com")
    return addresses


def ready(page, clip) -> None:
    page.set_input_files("input[type=file]", clip)
    row = page.locator("#uploads > li").first
    until("the upload to be ready", lambda: row.get_attribute("data-state") == "ready")


def count(asked: list[str], form: re.Pattern) -> int:
    return len([address for address in asked if form.search(address)])


def test_one_stream_of_events_is_all_it_takes(page, asked, small_clip):
    ready(page, small_clip)
    assert count(asked, EVENTS) == 1
    assert count(asked, STATUS) == 0, "nothing was asked that was told"


def test_a_file_that_is_there_already_is_offered_instead_of_sent(page, asked, small_clip):
    ready(page, small_clip)
    first = page.locator("#uploads > li").first.get_by_role("link", name="Watch").get_attribute("href")
    sent = count(asked, CHUNKS)
    page.set_input_files("input[type=file]", small_clip)
    page.get_by_text("You have this file already. Nothing was sent.").wait_for()
    row = page.locator("#uploads > li").first
    assert row.get_by_role("link", name="Watch what you have").get_attribute("href") == first
    assert count(asked, CHUNKS) == sent
    row.get_by_role("button", name="Upload it again").click()
    until("it to be sent all the same", lambda: row.get_attribute("data-state") in ("following", "ready"))
    assert count(asked, CHUNKS) == 2 * sent > 0


def test_without_events_it_asks(page, asked, small_clip):
    page.route(EVENTS, lambda route: route.abort())
    ready(page, small_clip)
    assert 1 <= count(asked, EVENTS) <= 3, "it does not try for ever"
    assert count(asked, STATUS) > 0


def test_a_proxy_that_holds_events_back_stops_nothing(page, asked, small_clip):
    held = []
    page.route(EVENTS, lambda route: held.append(route))
    ready(page, small_clip)
    assert held and count(asked, STATUS) > 0
