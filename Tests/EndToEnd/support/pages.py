"""The service's own pages, worked as a person works them: by label, by role, by dropping a file."""
import base64
import pathlib

from playwright.sync_api import Page

from support.client import PASSWORD
from support.wait import until


def register(page: Page, url: str, email: str) -> None:
    """Makes an account in the page, and waits for what only somebody signed in sees."""
    page.goto(url + "/")
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Email").locator("visible=true").fill(email)
    page.get_by_label("Password").locator("visible=true").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    page.get_by_role("button", name="Choose files").wait_for()


def watch(page: Page, url: str, asset: str, engine: str = "") -> None:
    """Opens the player of an asset; `engine` pins how it plays: native, or mse."""
    page.goto(f"{url}/watch/{asset}" + (f"?engine={engine}" if engine else ""))


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


def start(page: Page, deadline: float = 30):
    """Presses play, as a person does, and waits until time advances; the video."""
    button = page.get_by_role("button", name="Play the recording")
    button.wait_for(timeout=deadline * 1000)
    button.click()
    video = page.locator("video")
    until("time to advance", lambda: position(video) > 0.5, deadline=30)
    return video


def position(video) -> float:
    return video.evaluate("v => v.currentTime")


def picture_width(video) -> int:
    return video.evaluate("v => v.videoWidth")
