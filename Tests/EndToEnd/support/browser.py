"""Chromium through Playwright: the system's own browser, because it has the codecs that the tests play."""
import contextlib
import os
import shutil

from playwright.sync_api import Page, sync_playwright

CANDIDATES = ("chromium", "google-chrome", "chromium-browser",
              "/Applications/Chromium.app/Contents/MacOS/Chromium",
              "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def executable() -> str:
    named = os.environ.get("TELECINE_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CANDIDATES)), None)
    assert found, "no Chromium on this machine: scripts/install --test"
    return found


@contextlib.contextmanager
def launched():
    # Chromium refuses its sandbox to root; everybody else keeps it.
    arguments = ["--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Signs a page in as the page itself does it: same origin, by JSON; the answer sets the cookie."""
    page.goto(url + "/")
    status = page.evaluate(
        """async ([email, password]) => (await fetch('/api/auth/login', {
            method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({email, password})
        })).status""", [email, password])
    assert status == 200, f"sign-in answered {status}"
