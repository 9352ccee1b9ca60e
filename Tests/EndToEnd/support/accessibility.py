"""What axe finds on a page, and whether it fits its screen."""
from axe_playwright_python.sync_playwright import Axe

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def grave(page) -> list[str]:
    """Serious and critical findings, each with the elements it is about."""
    violations = Axe().run(page).response["violations"]
    return [f"{found['id']} ({found['impact']}): {[node['html'][:120] for node in found['nodes'][:3]]}"
            for found in violations if found["impact"] in ("serious", "critical")]


def fits(page) -> bool:
    """Nothing sticks out to the right of the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
