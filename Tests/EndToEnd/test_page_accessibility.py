"""axe finds nothing serious on the pages, in light and in dark, on a desktop and on a phone."""
from support import browser as chromium
from support.accessibility import fits, grave
from support.client import PASSWORD


def settled(page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")


def test_the_sign_in_has_no_serious_finding(styled, service):
    settled(styled, service.url + "/")
    assert grave(styled) == []


def test_the_description_of_the_api_has_no_serious_finding(styled, service):
    settled(styled, service.url + "/docs#beginUpload")
    styled.get_by_role("region", name="The request with curl").wait_for()
    assert grave(styled) == []
    assert fits(styled)


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
