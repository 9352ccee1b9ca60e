"""From signing in to the account, by the keyboard alone."""
from support import pages
from support.client import PASSWORD
from support.keyboard import Walker
from support.wait import until


def test_a_whole_visit_without_a_mouse(page, service, long_video):
    walker = Walker(page)
    page.goto(service.url + "/")
    page.get_by_role("heading", name="Sign in").wait_for()
    walker.lap()
    walker.to(page.get_by_label("Email").locator("visible=true"))
    page.keyboard.type(long_video.client.email)
    walker.to(page.get_by_label("Password").locator("visible=true"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    card = page.locator(".tape", has=page.locator(f"a[href$='/watch/{long_video.asset}']"))
    card.wait_for()
    walker.lap()
    walker.to(card.locator("[data-delete]"))
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    for _ in range(4):
        assert walker.press("Tab") is None or page.get_by_role("dialog").locator(":focus").count() == 1
    walker.press("Escape")
    assert walker.has(card.locator("[data-delete]")), "back where it was opened"
    walker.to(card.locator("[data-details]"), "Shift+Tab")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/assets/{long_video.asset}")
    page.get_by_role("heading", name="Analytics").wait_for()
    walker.lap()
    walker.to(page.get_by_role("link", name="Watch"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/watch/{long_video.asset}**")
    watch(page, walker)

    walker.to(page.get_by_role("link", name="Account"), "Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Password").wait_for()
    until("the sessions", lambda: page.get_by_role("list", name="Sessions").get_by_role("listitem").count())
    walker.lap()


def watch(page, walker: Walker) -> None:
    """Plays, seeks, chooses a quality and looks at both dialogs."""
    start = page.get_by_role("button", name="Play the recording")
    start.wait_for()
    walker.lap()
    walker.to(start)
    walker.press("Enter")
    assert walker.has(page.locator("[data-play]")), "what was pressed is gone: the focus is on what stops it"
    video = page.locator("video")
    until("time to advance", lambda: pages.position(video) > 0.5)
    before = pages.position(video)
    walker.press("ArrowRight")
    assert pages.position(video) >= before + 5
    walker.to(page.get_by_role("slider", name="Place in the recording"), "Shift+Tab")
    before = pages.position(video)
    walker.press("ArrowLeft")
    assert pages.position(video) < before

    quality = page.locator("[data-quality]")
    walker.to(quality)
    walker.press("Enter")
    assert page.get_by_role("menuitemradio").first.is_visible()
    walker.press("ArrowDown")
    walker.press("Escape")
    assert walker.has(quality)
    walker.press("Enter")
    walker.press("ArrowUp")
    walker.press("Enter")
    assert walker.has(quality) and page.get_by_role("menu", name="Quality").is_hidden()
    walker.press("Space")
    walker.press("Tab")
    assert page.get_by_role("menu", name="Quality").is_hidden(), "Tab leaves the menu"

    walker.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    walker.press("Escape")
    share = page.locator("#share")
    walker.to(share)
    walker.press("Enter")
    page.get_by_role("dialog", name="Share this recording").wait_for()
    walker.press("Escape")
    assert walker.has(share)
    walker.press("k")
    until("the pause", lambda: video.evaluate("v => v.paused"))
