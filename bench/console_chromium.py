"""Pages of the console in a real Chromium that has nothing in its cache."""

import shutil
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bench.figures import Figure

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOADS = 9
_PAGES: Final = {
    "topology": "/topology",
    "topology, all services": "/topology?detail=services",
    "overview": "/",
}
_WEIGHT: Final = """() => [...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource')].reduce((sum, e) => sum + e.transferSize, 0) / 1e3"""
_INTERACTIVE: Final = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def first_loads(url: str, cookie: str) -> Iterator[Figure]:
    """Measure the weight of first loads, and the time until a page takes keys.

    That is when its scripts have run: they are loaded with ``defer``. The key ``/`` then puts the
    cursor into the search field. The time is the browser's own, from the start of the navigation.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("Chromium is not installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for name, path in _PAGES.items():
            found = [_load(browser, url, path, cookie) for _ in range(LOADS)]
            weight = max(each[1] for each in found)
            yield Figure(f"first load of {name}: weight", weight, "kB", "< 300")
            took = statistics.median(each[0] for each in found)
            yield Figure("  start to interactive", took, "ms", "< 1,000")
        browser.close()


def _load(browser: "Browser", url: str, path: str, cookie: str) -> tuple[float, float]:
    """Return the milliseconds until a page is interactive, and its compressed size in kB."""
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    pairs = (each.partition("=") for each in cookie.split("; "))
    context.add_cookies([{"name": n, "value": v, "url": url} for n, _, v in pairs])
    page = context.new_page()
    page.goto(path, wait_until="load")
    took = float(page.evaluate(_INTERACTIVE))
    if page.query_selector("[data-search]"):
        page.keyboard.press("/")
        if not page.evaluate("document.activeElement.matches('[data-search]')"):
            raise RuntimeError(f"{path} does not take keys")
    weight = float(page.evaluate(_WEIGHT))
    context.close()
    return took, weight
