"""A server with a console and the sample shop, browsers for it, and what looks at each page."""

import html
import os
import re
import shutil
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENSHOTS: Final = "CONSOLE_SCREENSHOTS"
"""Environment variable: the folder to which screenshots are written."""
WIDTHS: Final = (320, 768, 1440)
THEMES: Final = ("light", "dark")
_TOKEN: Final = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser without a screen: an HTTP client that signs in and sends forms."""

    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30.0)
        weakref.finalize(self, self.client.close)

    def sign_in(self) -> "Visitor":
        """Come in by one click, as the person who uses this machine."""
        found = self.post("/sign-in", {"next": "/"}, token=self.token("/sign-in"))
        assert found.status_code == 303, found.text
        return self

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def token(self, path: str = "/") -> str:
        """Return a CSRF token of a page."""
        found = _TOKEN.search(self.get(path).text)
        assert found is not None, f"{path} has no form"
        return found[1]

    def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a form, with a token of the page itself unless another is given."""
        token = self.token() if token is None else token
        return self.client.post(path, data={**(fields or {}), "csrf": token}, headers=headers)


def text_of(page: str) -> str:
    """Return the text of a page, with one space between words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@dataclass
class Served:
    """A repository, and the server that shows it."""

    bare: Path
    server: Server
    url: str

    def visitor(self) -> Visitor:
        return Visitor(self.url)


def serve(
    folder: Path, *options: str, files: Mapping[str, str] | None = None, empty: bool = False
) -> Served:
    """Serve the sample shop with a console; other files beside it, or in place of some of its own.

    :param empty: a repository without a commit.
    """
    bare = Repo(folder).origin
    if not empty:
        put(bare, {**sample_files(), **(files or {})})
    server = Server(bare, "--console", "127.0.0.1:0", *options)
    try:
        server.wait_for("ready")
        return Served(bare, server, str(server.wait_for("serving the console")["url"]).rstrip("/"))
    except BaseException:
        server.__exit__()
        raise


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one repository to all tests of a module."""
    found = serve(tmp_path_factory.mktemp("console"))
    with found.server:
        yield found


@pytest.fixture(scope="module")
def visitor(served: Served) -> Visitor:
    """Return a client of that server that has signed in."""
    return served.visitor().sign_in()


# ---- real browsers -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return one Chromium for all tests of a module.

    Its driver keeps an event loop in this thread: modules without browsers must not see it.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def tab(browser: "Browser", served: Served) -> Iterator["Page"]:
    """Return a browser tab that has signed in."""
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    sign_in(page)
    yield page
    context.close()


def sign_in(page: "Page") -> None:
    """Sign in by one click."""
    page.goto("/sign-in")
    page.click("main button")
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))


Look = Callable[..., None]


@pytest.fixture(scope="module")
def look(browser: "Browser") -> Iterator[Look]:
    """Return what visits a page in both themes at three widths, and fails if something is wrong.

    ``look(url, "/log", "log-empty")``: axe-core finds no violation, nothing is wider than the
    screen, the console of the browser says nothing, the server has no fault. Screenshots are
    written to the folder that CONSOLE_SCREENSHOTS names. ``before`` is called with the page before
    it is looked at;
    ``signed_in=False`` looks as somebody who has not come in.
    """
    tabs: dict[tuple[str, bool, str], Page] = {}
    said: list[str] = []

    def tab_of(url: str, signed_in: bool, language: str) -> "Page":
        """Return a tab that all visits of one kind share: to sign in takes longer than to look."""
        if (url, signed_in, language) not in tabs:
            page = browser.new_context(base_url=url, locale=language).new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            if signed_in:
                sign_in(page)
            tabs[url, signed_in, language] = page
        return tabs[url, signed_in, language]

    def visit(
        url: str,
        path: str,
        name: str,
        *,
        before: Callable[["Page"], None] = lambda _: None,
        signed_in: bool = True,
        language: str = "en",
    ) -> None:
        page = tab_of(url, signed_in, language)
        said.clear()
        for theme in THEMES:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                answer = page.goto(path)
                assert answer is not None
                assert answer.status < 500, name
                before(page)
                shot(page, f"{name}-{theme}-{width}")
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name}: {wide} px wide on a screen of {width} px"
            assert violations(page) == [], f"{name}, {theme}"
        assert _complaints(said) == [], name

    yield visit
    for page in tabs.values():
        page.context.close()


def _complaints(said: list[str]) -> list[str]:
    return [line for line in said if "Failed to load resource" not in line]


def shot(page: "Page", name: str) -> None:
    """Write a screenshot, if anybody wants them."""
    if folder := os.environ.get(SCREENSHOTS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def violations(page: "Page") -> list[str]:
    """Return what axe-core finds: rule, and the elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    return [
        f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found.response["violations"]
    ]
