"""The service's own pages, worked as a person works them: by label, by role, by dropping a file."""
import base64
import pathlib

from playwright.sync_api import Page

from support.client import PASSWORD
from support.wait import until


def register(page: Page, url: str, email: str) -> None:
    """Makes an account in the page."""
    page.goto(url + "/")
    page.get_by_role("button", name="Create an account").click()
    fill_in(page, email)


def fill_in(page: Page, email: str) -> None:
    form = page.locator("form:visible").filter(has=page.get_by_label("Password"))
    form.get_by_label("Email").fill(email)
    form.get_by_label("Password").fill(PASSWORD)
    form.locator("[type=submit]").click()


def drop(page: Page, selector: str, path: pathlib.Path) -> None:
    """Drops a file on an element, as the mouse would: enter, over, drop with a DataTransfer."""
    content = base64.b64encode(path.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """async ([name, content]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, {type: 'video/mp4'}));
            return transfer;
        }""", [path.name, content])
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(selector, event, {"dataTransfer": transfer})


def start(page: Page):
    """Plays the video of a watch page, muted; its locator."""
    video = page.locator("video")
    video.evaluate("v => { v.muted = true; return v.play(); }")
    until("time to advance", lambda: position(video) > 0.5, deadline=30)
    return video


def position(video) -> float:
    return video.evaluate("v => v.currentTime")


def picture_width(video) -> int:
    return video.evaluate("v => v.videoWidth")
