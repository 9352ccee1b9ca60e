"""The library's tools, the trash, the page of one recording and the shared player, worked as a person works them."""
import http.server
import threading

import pytest

from support import browser as chromium
from support import clips, pages
from support.accessibility import fits, grave
from support.client import PASSWORD, Client
from support.wait import until
from test_page_accessibility import settled


@pytest.fixture
def another_site():
    """Serves one page from an origin that is not the service's; gives its address."""
    servers = []

    def serve(html: str) -> str:
        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def owner(page, service, small_clip):
    """Somebody with three recordings, signed in."""
    client = Client(service.url).register()
    client.ids = {title: client.complete(client.send(small_clip, metadata={"title": title, "tags": tags}))
                  for title, tags in (("Harbour at dusk", ["sea"]), ("Café Orléans", ["town"]), ("東京の夜景", ["town"]))}
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    page.goto(service.url + "/")
    page.locator(".tape").nth(2).wait_for()
    return client


def titles(page) -> list[str]:
    return page.locator(".tape [data-title]").all_inner_texts()


def shown(page, *expected: str) -> None:
    until(f"{expected} on the shelf", lambda: titles(page) == list(expected))


def test_searching_and_filtering_by_hand(page, owner):
    page.keyboard.press("/")
    page.keyboard.type("orleans")
    shown(page, "Café Orléans")
    until("the count", lambda: page.locator("#library-count").inner_text() == "1 found")
    page.get_by_label("Search").fill("夜景")
    shown(page, "東京の夜景")
    page.reload()
    shown(page, "東京の夜景")
    page.get_by_label("Search").fill("nothing like it")
    page.get_by_role("heading", name="Nothing found").wait_for()
    page.get_by_role("button", name="Clear").first.click()
    shown(page, "東京の夜景", "Café Orléans", "Harbour at dusk")
    page.get_by_label("Order").select_option("title")
    shown(page, "Café Orléans", "Harbour at dusk", "東京の夜景")
    page.get_by_role("button", name="Show what is tagged “town”").first.click()
    shown(page, "Café Orléans", "東京の夜景")


def test_many_are_marked_by_keyboard_tagged_and_deleted_and_come_back(page, owner, service):
    first = page.get_by_label("Mark “東京の夜景”")
    first.focus()
    page.keyboard.press("Space")
    page.get_by_label("Mark “Harbour at dusk”").click(modifiers=["Shift"])
    assert page.locator("#bulk-count").inner_text() == "3 recordings marked"
    page.keyboard.press("Escape")
    assert page.locator("#bulk").is_hidden()
    first.check()
    page.get_by_label("Mark “Café Orléans”").check()
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Tags, with commas").fill("favourite, town")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Show what is tagged “favourite”").first.click()
    shown(page, "東京の夜景", "Café Orléans")
    page.get_by_label("Mark “東京の夜景”").check()
    page.get_by_role("button", name="Mark all shown").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Nothing found").wait_for()
    page.goto(service.url + "/trash")
    page.get_by_role("button", name="Restore “Café Orléans”").click()
    page.get_by_text("“Café Orléans” is back in the library.").wait_for()
    page.get_by_role("button", name="Empty the trash…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    page.get_by_role("heading", name="The trash is empty").wait_for()
    page.goto(service.url + "/")
    shown(page, "Café Orléans", "Harbour at dusk")


def test_details_versions_and_links_of_one_recording(page, browser, owner, service, tmp_path):
    page.get_by_role("link", name="Details of “Harbour at dusk”").click()
    page.get_by_label("Title").fill("Harbour at dawn")
    page.get_by_label("Tags").fill("sea, morning")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    until("the new title", lambda: page.get_by_role("heading", level=1).inner_text() == "Harbour at dawn")

    page.get_by_label("File of the new version").set_input_files(clips.make(tmp_path / "new.mp4", 5, size="320x180"))
    page.get_by_text("It goes live as soon as it plays.").wait_for()
    page.get_by_role("button", name="Make version 1 live").click()
    page.get_by_text("Version 1 is live.").wait_for()
    page.get_by_role("button", name="Make version 2 live").wait_for()

    page.get_by_label("Views at most").fill("1")
    page.get_by_label("Ask for an email address").check()
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text("The link is ready.").wait_for()
    link = page.get_by_label("Address of this link").input_value()

    visitor = browser.new_context().new_page()
    visitor.set_default_timeout(120_000)
    visitor.goto(link)
    visitor.get_by_label("Email").fill("nobody")
    visitor.get_by_role("button", name="Play").click()
    visitor.get_by_text("Type your email address").wait_for()
    visitor.get_by_label("Email").fill("ann@example.com")
    visitor.get_by_role("button", name="Play").first.click()
    video = visitor.locator("video")
    until("time to advance", lambda: pages.position(video) > 0.5)
    visitor.reload()
    visitor.get_by_role("heading", name="This link has ended").wait_for()
    visitor.context.close()

    page.reload()
    page.get_by_text("used up").wait_for()
    page.get_by_role("button", name="Put into the trash").click()
    page.get_by_role("button", name="Restore “Harbour at dawn”").wait_for()


def test_an_embedded_player_plays_inside_another_page(page, owner, another_site):
    asset = owner.ids["Harbour at dusk"]
    link = owner.request("POST", f"/media/{asset}/share", data={}).json()
    html = f'<iframe src="{link["embedUrl"]}" width="640" height="360" allow="autoplay"></iframe>'
    page.goto(another_site(html))
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Play").first.click()
    video = frame.locator("video")
    until("time to advance", lambda: pages.position(video) > 0.5)
    shares = owner.get(f"/media/{asset}/share").json()["shares"]
    assert shares[0]["views"] == 1


@pytest.mark.parametrize(
    "place", ["/", "/account", "/assets/{asset}", "/trash", "/public/stream/{token}", "/embed/{token}"])
def test_axe_finds_nothing_serious(styled, service, long_video, place):  # noqa: F811
    link = long_video.client.request(
        "POST", f"/media/{long_video.asset}/share", data={"requireEmail": True, "password": "open sesame"}).json()
    chromium.sign_in(styled, service.url, long_video.client.email, PASSWORD)
    settled(styled, service.url + place.format(asset=long_video.asset, token=link["token"]))
    if place.startswith(("/public", "/embed")):
        styled.locator("#door").wait_for()
    else:
        until("the page", lambda: styled.locator("#loading").is_hidden())
    assert grave(styled) == []
    assert fits(styled)
