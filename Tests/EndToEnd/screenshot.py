"""Takes docs/screenshot.png: the library with real clips, as somebody sees it who has just uploaded them."""
import pathlib
import sys
import tempfile

from support import browser as chromium
from support import clips, profiles
from support.client import PASSWORD, Client
from support.service import ROOT, Service

REAL = ("v-1080p25-camera.mp4", "v-720p25-traffic.mp4", "v-bbb-720p-5s.mp4", "v-cockatoo-444.mp4")
TITLES = ("At the desk", "Crossing at noon", "Big Buck Bunny", "Cockatoo")


def sources(folder: pathlib.Path) -> list[tuple[pathlib.Path, str]]:
    if clips.corpus() is None:
        print("TELECINE_CORPUS is not set: the screenshot shows a made clip", file=sys.stderr)
        return [(clips.make(folder / "clip.mp4", 8), "Test picture")]
    return [(clips.real(name), title) for name, title in zip(REAL, TITLES, strict=True)]


def take(url: str, client: Client, target: pathlib.Path) -> None:
    with chromium.launched() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light").new_page()
        chromium.sign_in(page, url, client.email, PASSWORD)
        page.goto(url + "/")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=target)


def main() -> None:
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/screenshot.png"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(folder, PROFILES_DIR=profiles.fast(folder / "profiles")).start()
        try:
            client = Client(service.url).register()
            for path, title in sources(folder):
                client.complete(client.send(path, metadata={"title": title}))
            take(service.url, client, target)
        finally:
            service.stop()
    print(target)


if __name__ == "__main__":
    main()
