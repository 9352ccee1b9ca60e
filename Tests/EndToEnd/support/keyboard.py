"""A page walked by the keyboard alone: whoever has no mouse sees at every stop where he is, and gets everywhere."""
from playwright.sync_api import Locator, Page

#: More stops than a page has that lists little.
MOST = 120
#: The number of an element, which it keeps while others come and go.
PLACE = """
    const places = window.placesWalked ??= new WeakMap();
    const next = () => window.lastPlace = (window.lastPlace ?? 0) + 1;
    const place = (node) => places.get(node) ?? places.set(node, next()).get(node);
"""
#: What has the focus: which element it is, its name, and what hides it from whoever looks for it; null for none.
STOP = "() => {" + PLACE + """
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
    return {place: place(node), name: name.trim().slice(0, 60), faults};
}"""
#: All that can be used now.
USABLE = "() => {" + PLACE + """
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter((node) => node.tabIndex >= 0 && !node.disabled && node.checkVisibility({visibilityProperty: true}))
        .map((node) => ({place: place(node), name: node.outerHTML.slice(0, 100)}));
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
        for _ in self._steps():
            self.press(key)
            if self.has(target):
                return
        raise AssertionError(f"{target} cannot be reached by {key}")

    def has(self, target: Locator) -> bool:
        return target.count() == 1 and target.evaluate("node => node === document.activeElement")

    def lap(self) -> None:
        """Once round by Tab: everything that can be used is met, and nothing keeps the focus."""
        for _ in range(MOST):
            before = {usable["place"] for usable in self.page.evaluate(USABLE)}
            met = self._round()
            usable = self.page.evaluate(USABLE)
            # What came or went meanwhile, as a page that is still loading brings it, asks for another round.
            if before == {each["place"] for each in usable}:
                break
        missed = [each["name"] for each in usable if each["place"] not in met]
        assert not missed, f"{self.page.url}: not reached by Tab: {missed}"

    def _steps(self):
        """More of them than there are stops: a list may be long, as what other tests have left makes it."""
        step = 0
        while step < MOST or step < 2 * len(self.page.evaluate(USABLE)):
            yield step
            step += 1

    def _round(self) -> list[int]:
        met: list[int] = []
        for _ in self._steps():
            stop = self.press("Tab")
            if stop is None:
                # Out at the end; in again at the beginning.
                continue
            assert len(met) < 2 or stop["place"] != met[-1], f"“{stop['name']}” keeps the focus"
            if stop["place"] in met:
                return met
            met.append(stop["place"])
        raise AssertionError(f"the focus does not come round: {met}")
