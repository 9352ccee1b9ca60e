"""A page walked by the keyboard alone: whoever has no mouse sees at every stop where he is, and gets everywhere."""
from playwright.sync_api import Locator, Page

#: More stops than any page has.
MOST = 120
#: What has the focus: which element it is, its name, and what hides it from whoever looks for it; null for none.
STOP = """() => {
    const node = document.activeElement;
    if (!node || node === document.body || node === document.documentElement) return null;
    const [box, style, faults] = [node.getBoundingClientRect(), getComputedStyle(node), []];
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    if (!node.checkVisibility({opacityProperty: true, visibilityProperty: true})) faults.push('is not shown');
    if (box.width < 2 || box.height < 2) faults.push('has no size');
    if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) faults.push('is outside of the window');
    else {
        const top = document.elementFromPoint(x, y);
        if (top && !node.contains(top) && !top.contains(node) && !node.labels?.[0]?.contains(top)) {
            faults.push('is covered by ' + top.outerHTML.slice(0, 80));
        }
    }
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    if (!node.matches(':focus-visible') || !ring) faults.push('has no ring');
    const name = node.ariaLabel || node.labels?.[0]?.textContent || node.textContent.trim() || node.id || node.tagName;
    return {place: [...document.querySelectorAll('*')].indexOf(node), name: name.trim().slice(0, 60), faults};
}"""
#: Places of all that can be used now.
USABLE = """() => {
    const all = [...document.querySelectorAll('*')];
    return all.filter((node) => node.matches('a[href], button, input, select, textarea, summary') && node.tabIndex >= 0
        && !node.disabled && node.checkVisibility({visibilityProperty: true}))
        .map((node) => ({place: all.indexOf(node), name: node.outerHTML.slice(0, 100)}));
}"""


class Walker:
    """Presses keys, and complains at every stop that cannot be seen."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, key: str) -> dict | None:
        """The stop to which a key leads; None when nothing has the focus."""
        self.page.keyboard.press(key)
        stop = self.page.evaluate(STOP)
        assert not stop or not stop["faults"], f"{self.page.url}: after {key} “{stop['name']}” {stop['faults']}"
        return stop

    def to(self, target: Locator, key: str = "Tab") -> None:
        """Goes on by Tab until the target has the focus."""
        for _ in range(MOST):
            self.press(key)
            if self.has(target):
                return
        raise AssertionError(f"{target} cannot be reached by {key}")

    def has(self, target: Locator) -> bool:
        return target.count() == 1 and target.evaluate("node => node === document.activeElement")

    def lap(self) -> None:
        """Once round by Tab: everything that can be used is met, and nothing keeps the focus."""
        met: list[int] = []
        for _ in range(MOST):
            stop = self.press("Tab")
            if stop is None:
                # Out at the end; in again at the beginning.
                continue
            if met and stop["place"] == met[0]:
                break
            assert not met or stop["place"] != met[-1], f"“{stop['name']}” keeps the focus"
            met.append(stop["place"])
        else:
            raise AssertionError(f"the focus does not come round: {met}")
        missed = [usable["name"] for usable in self.page.evaluate(USABLE) if usable["place"] not in met]
        assert not missed, f"{self.page.url}: not reached by Tab: {missed}"
