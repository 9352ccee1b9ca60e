"""The main job by hand, in a browser: make an account, drop a real video, watch it."""
import re
import secrets

from support import pages
from support.wait import until


def test_a_person_drops_a_video_and_watches_it(page, service, long_clip):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    email = f"person.{secrets.token_hex(4)}@example.com"
    pages.register(page, service.url, email)
    page.locator("[data-drop-zone]").wait_for()
    pages.drop(page, "[data-drop-zone]", long_clip)
    # Honest progress: numbers that grow, then a link when it plays.
    page.get_by_role("progressbar").first.wait_for()
    watch = page.locator("a[href*='/watch/']").first
    watch.wait_for(timeout=120_000)
    href = watch.get_attribute("href")
    assert re.search(r"/watch/asset_\d+", href)
    page.goto(service.url + href if href.startswith("/") else href)
    video = pages.start(page)
    assert pages.picture_width(video) >= 640
    assert errors == []


def test_progress_in_the_page_only_grows(page, service, long_clip):
    pages.register(page, service.url, f"person.{secrets.token_hex(4)}@example.com")
    page.locator("[data-drop-zone]").wait_for()
    page.set_input_files("input[type=file]", long_clip)
    seen = []

    def ended():
        # An upload's bar and a processing bar follow one another in the same row; each only grows.
        bar = page.get_by_role("progressbar").first
        if bar.count():
            value = bar.evaluate("b => [b.getAttribute('aria-label'), b.value ?? Number(b.ariaValueNow)]")
            seen.append(tuple(value))
        return page.locator("a[href*='/watch/']").count()

    until("the link to the player", ended, deadline=120, every=0.05)
    for label in {label for label, _ in seen}:
        values = [value for name, value in seen if name == label]
        assert values == sorted(values), (label, values)
    assert seen, "no progress bar was ever shown"


def test_the_keyboard_alone_is_enough(page, service):
    """Tab reaches the form's fields and its button; what has the focus can be seen."""
    page.goto(service.url + "/")
    page.locator("form:visible").first.wait_for()
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.type || document.activeElement.tagName.toLowerCase()"))
        outlined = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return document.activeElement === document.body || s.outlineStyle !== 'none' || s.boxShadow !== 'none';"
            " }")
        assert outlined, f"the focus cannot be seen on {page.evaluate('document.activeElement.outerHTML')[:200]}"
    assert {"email", "password", "submit"} <= reached
