"""The main job by hand, in a browser: make an account, drop a real video, watch it."""
import re
import secrets

import pytest

from support import browser as chromium
from support import clips, pages
from support.client import PASSWORD, Client
from support.wait import until


@pytest.fixture
def at_home(page, service):
    """A page of somebody who has just made an account; errors of its scripts fail the test."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    pages.register(page, service.url, f"person.{secrets.token_hex(4)}@example.com")
    yield page
    assert errors == []


def test_a_person_drops_a_video_and_watches_it(at_home, service, long_clip):
    pages.drop(at_home, "#drop", long_clip)
    row = at_home.locator("#uploads > li").first
    row.get_by_role("progressbar").wait_for()
    link = row.get_by_role("link", name=re.compile("Watch"))
    link.wait_for()
    assert re.fullmatch(r"/watch/asset_\d+", link.get_attribute("href"))
    link.click()
    # It says what is going on until the first rung plays, and then goes on by itself.
    video = pages.start(at_home)
    assert pages.picture_width(video) >= 640
    assert at_home.get_by_role("heading", name=re.compile("long")).count() == 1


def test_waiting_for_what_does_not_play_yet_is_no_error(page, start_service, small_clip):
    # Without workers it never does.
    service = start_service(WORKERS=0)
    client = Client(service.url).register()
    status = client.status(client.send(small_clip))
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    errors, asked = [], []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("requestfinished", lambda request: asked.append(request.url))
    pages.watch(page, service.url, status["assetId"])
    page.get_by_text("In the making").wait_for()
    address = f"{service.url}/api/media/{status['assetId']}"
    # Events are heard while the page is asked for something.
    until("it to ask again", lambda: page.title() and asked.count(address) >= 2)
    assert errors == []


def test_progress_only_grows_and_the_library_shows_the_result(at_home, tmp_path):
    # No codec of browsers: what they can play is ready before a progress could be seen.
    source = clips.make(tmp_path / "old.mp4", 20, codec=("mpeg4", "-q:v", "5"))
    at_home.set_input_files("input[type=file]", source)
    seen: list[tuple[str, float]] = []

    def ended():
        state, value = at_home.locator("#uploads > li").first.evaluate(
            "row => [row.dataset.state, row.querySelector('progress')?.getAttribute('value')]")
        if value is not None:
            seen.append((state, float(value)))
        assert state != "failed"
        return state == "ready"

    until("the upload to be ready", ended, every=0.02)
    for stage in ("sending", "following"):
        values = [value for name, value in seen if name == stage]
        assert values == sorted(values), (stage, values)
        assert all(0 <= value <= 100 for value in values)
    assert any(state == "following" and 0 < value < 100 for state, value in seen), "processing showed no progress"
    card = at_home.locator("#grid > li").first
    card.get_by_role("link").first.wait_for()
    poster = card.locator("img")
    until("the poster", lambda: poster.evaluate("image => image.complete && image.naturalWidth > 0"))


def test_the_keyboard_alone_is_enough(page, service):
    """Tab reaches the form's fields and its buttons; what has the focus can be seen."""
    page.goto(service.url + "/")
    page.get_by_role("button", name="Create an account").wait_for()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        name, outlined, html = page.evaluate(
            """() => {
                const focused = document.activeElement, style = getComputedStyle(focused);
                return [focused.name || focused.textContent.trim(),
                    focused === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none',
                    focused.outerHTML.slice(0, 200)];
            }""")
        reached.add(name)
        assert outlined, f"the focus cannot be seen on {html}"
    assert {"email", "password", "Sign in", "Create an account", "To the content"} <= reached
