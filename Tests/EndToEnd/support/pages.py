"""The service's own pages, worked as a person works them: by label, by role, by dropping a file."""
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
    # The file comes in through an input of the test's own: as an argument its bytes would travel as text.
    page.evaluate(
        "() => { const i = document.createElement('input'); i.type = 'file'; i.id = 'test-drop'; i.hidden = true;"
        " document.body.append(i); }")
    page.set_input_files("#test-drop", path)
    page.evaluate(
        """(selector) => {
            const input = document.getElementById('test-drop');
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(input.files[0]);
            input.remove();
            const target = document.querySelector(selector);
            for (const name of ['dragenter', 'dragover', 'drop'])
                target.dispatchEvent(new DragEvent(name, {dataTransfer, bubbles: true, cancelable: true}));
        }""", selector)


def start(page: Page, deadline: float = 120):
    """Presses play, as a person does, and waits until time advances; the video."""
    button = page.get_by_role("button", name="Play the recording")
    button.wait_for(timeout=deadline * 1000)
    button.click()
    video = page.locator("video")
    until("time to advance", lambda: position(video) > 0.5)
    return video


def position(video) -> float:
    return video.evaluate("v => v.currentTime")


def has_played(video, second: float) -> bool:
    """Whether this moment was played, however far it has gone on since."""
    return video.evaluate("(v, s) => [...Array(v.played.length).keys()]"
                          ".some((i) => v.played.start(i) <= s && s < v.played.end(i))", second)


def picture_width(video) -> int:
    return video.evaluate("v => v.videoWidth")
