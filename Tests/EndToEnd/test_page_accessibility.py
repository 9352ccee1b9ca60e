"""axe finds nothing serious on the pages, in light and in dark, on a desktop and on a phone."""
import pytest
from axe_playwright_python.sync_playwright import Axe

from support import browser as chromium
from support.client import PASSWORD

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def grave(page) -> list[str]:
    """Serious and critical findings, each with the elements it is about."""
    violations = Axe().run(page).response["violations"]
    return [f"{found['id']} ({found['impact']}): {[node['html'][:120] for node in found['nodes'][:3]]}"
            for found in violations if found["impact"] in ("serious", "critical")]


@pytest.fixture(params=[(scheme, size) for scheme in ("light", "dark") for size in SIZES], ids="-".join)
def styled(browser, request):
    scheme, size = request.param
    context = browser.new_context(color_scheme=scheme, viewport=SIZES[size], reduced_motion="reduce")
    yield context.new_page()
    context.close()


def settled(page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")


def test_the_sign_in_has_no_serious_finding(styled, service):
    settled(styled, service.url + "/")
    assert grave(styled) == []


def test_the_library_has_no_serious_finding(styled, service, long_video):
    chromium.sign_in(styled, service.url, long_video.client.email, PASSWORD)
    settled(styled, service.url + "/")
    styled.locator(f"a[href*='/watch/{long_video.asset}']").first.wait_for()
    assert grave(styled) == []
    assert fits(styled)


def test_the_player_has_no_serious_finding(styled, service, long_video):
    chromium.sign_in(styled, service.url, long_video.client.email, PASSWORD)
    styled.goto(f"{service.url}/watch/{long_video.asset}")
    styled.locator("video").wait_for()
    assert grave(styled) == []
    assert fits(styled)


def fits(page) -> bool:
    """Nothing sticks out to the right of the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
