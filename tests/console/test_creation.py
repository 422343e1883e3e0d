"""Tasks of people in a real browser: create a service, shift traffic, undo, pin.

From an empty repository to a real Envoy that answers through a new route, by keyboard alone.
"""

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Served, serve, sign_in
from tests.support.apps import App, ask, serving
from tests.support.envoy import running
from tests.support.git import git, put
from tests.support.loopback import free_port, loopback_address

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_S = 60.0
PORT = free_port()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    listen = f"127.0.0.1:{free_port()}"
    found = serve(tmp_path_factory.mktemp("creation"), "--listen", listen, empty=True)
    with found.server:
        yield found


def focus(page: "Page", selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(60):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def answer(page: "Page", name: str, text: str) -> None:
    focus(page, f"[name={name}]")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def create(page: "Page", mesh: str, service: str, hostname: str) -> float:
    """Create a service with keys alone; return the seconds from the first key to the commit."""
    began = time.monotonic()
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/resources")
    focus(page, "a[href='/new/service']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new/service")
    answer(page, "mesh", mesh)
    answer(page, "service", service)
    page.keyboard.press("Enter")
    page.wait_for_url("**step=node**")
    answer(page, "hostname", hostname)
    answer(page, "backends", service)
    focus(page, "button.primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**step=listener**")
    answer(page, "port", "80a")
    page.wait_for_selector("#q-port-p .problem")  # while it is typed
    answer(page, "port", str(PORT))
    page.keyboard.press("Enter")
    page.wait_for_url("**step=route**")
    focus(
        page, "button.primary"
    )  # a page that has just loaded may not have given a field the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**step=review**")
    focus(page, ".commit-form .primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/created/**")
    return time.monotonic() - began


@pytest.mark.envoy
def test_a_new_service_answers_through_its_route(
    served: Served, browser: "Browser", tmp_path: Path
) -> None:
    app = App("cart", loopback_address(), PORT)
    egress = loopback_address()
    page = browser.new_context(base_url=served.url).new_page()
    sign_in(page)
    assert page.locator("main a[href='/new/service']").count() == 1
    assert create(page, "shop", "cart.shop.internal", app.address) < 60
    command = page.inner_text(".command code")
    words = shlex.split(command.partition(" > ")[0])
    explicit = ["--explicit", f"ingress={loopback_address()},egress={egress}"]
    admin = ["--admin", f"127.0.0.1:{free_port()}"]
    made = subprocess.run(
        [sys.executable, "-m", *words, *explicit, *admin, "--json"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    with serving(app), running(json.loads(made.stdout), tmp_path):
        deadline = time.monotonic() + PATIENCE_S
        while answered(egress) != "cart":
            assert time.monotonic() < deadline, (tmp_path / "envoy.log").read_text()
            time.sleep(0.1)
        page.wait_for_selector("#live .state.in-sync", timeout=1000 * PATIENCE_S)
    page.context.close()


def answered(egress: str) -> str | None:
    try:
        return ask(egress, PORT, "/", host="cart.shop.internal").app
    except OSError:
        return None


def create_by_mouse(page: "Page", mesh: str, service: str, hostname: str) -> None:
    """Create a service by clicks; keys only type what is asked."""

    def typed(name: str, text: str) -> None:
        page.click(f"[name={name}]", click_count=3)
        page.keyboard.type(text)

    page.click("nav a[href='/resources']")
    page.click("main a[href='/new/service']")
    typed("mesh", mesh)
    typed("service", service)
    page.click("button.primary")
    typed("hostname", hostname)
    page.click("button.primary")
    typed("port", str(PORT))
    page.click("button.primary")
    page.wait_for_url("**step=route**")
    page.click("button.primary")
    page.click(".commit-form .primary")
    page.wait_for_url("**/created/**")


def test_the_same_in_chinese(served: Served, browser: "Browser") -> None:
    page = browser.new_context(base_url=served.url, locale="zh-CN").new_page()
    sign_in(page)
    assert create(page, "lab", "pay.lab.internal", "pay.lab.example") < 60
    assert "gitmesh bootstrap --node mesh/lab/virtualNode/pay-v1" in page.inner_text("main")
    assert re.search("[\u4e00-\u9fff]", page.inner_text("h1"))
    page.context.close()


def test_the_same_with_the_mouse(served: Served, browser: "Browser") -> None:
    page = browser.new_context(base_url=served.url).new_page()
    sign_in(page)
    create_by_mouse(page, "yard", "gate.yard.internal", "gate.yard.example")
    assert "gitmesh bootstrap --node mesh/yard/virtualNode/gate-v1" in page.inner_text("main")
    page.context.close()


def with_second_version(bare: Path) -> None:
    """Add another version of the cart, that gets no requests yet."""
    names = git(bare, "ls-tree", "-r", "--name-only", "main").split()
    files = {name: git(bare, "show", f"main:{name}") + "\n" for name in names}
    node = files["shop/virtual-node/cart-v1.yaml"].replace("cart-v1", "cart-v2")
    route = files["shop/route/cart/all.yaml"]
    more = f"{route}        - virtualNode: cart-v2\n          weight: 0\n"
    put(bare, {**files, "shop/virtual-node/cart-v2.yaml": node, "shop/route/cart/all.yaml": more})


@dataclass
class Clicks:
    """A person in a browser who counts the clicks since the overview."""

    page: "Page"
    count: int = 0

    def start(self) -> None:
        self.page.goto("/")
        self.count = 0

    def on(self, selector: str) -> None:
        self.page.click(selector)
        self.count += 1


@pytest.fixture(scope="module")
def person(served: Served, browser: "Browser") -> Iterator[Clicks]:
    with_second_version(served.bare)
    page = browser.new_context(base_url=served.url).new_page()
    sign_in(page)
    yield Clicks(page)
    page.context.close()


# Each task reaches the page that confirms it in less than three clicks.


def test_a_shift_takes_two_clicks_and_the_one_that_commits(person: Clicks) -> None:
    page = person.page
    person.start()
    person.on("nav a[href='/traffic']")
    page.fill("[name='w.0']", "75")
    page.fill("[name='w.1']", "25")
    assert "25 %" in page.inner_text(".route")
    person.on(".route form button")
    page.wait_for_selector(".commit-form .primary")
    assert person.count == 2
    page.click(".commit-form .primary")
    page.wait_for_url("**/commit/**")
    assert "→ 25 %" in page.inner_text("main")


def test_an_undo_from_the_log_takes_two_clicks_and_the_one_that_commits(person: Clicks) -> None:
    page = person.page
    person.start()
    person.on("nav a[href='/log']")
    person.on(".entry [data-undo]")
    page.wait_for_url("**/undo/**")
    assert "25 % → 0 %" in page.inner_text("main")
    assert person.count == 2
    page.click("main form .primary")
    page.wait_for_url("**/commit/**")
    assert "reverts" in page.inner_text("main")


def test_a_pin_and_its_release_take_two_clicks_each_and_the_one_that_confirms(
    person: Clicks,
) -> None:
    page = person.page
    person.start()
    person.on("nav a[href='/pin']")
    person.on(".entry:nth-child(2) a[data-open]")
    page.wait_for_selector("#pin-reason")
    assert person.count == 2
    page.fill("#pin-reason", "cart answers 500")
    page.click(".pin-form .primary")
    person.start()
    assert "cart answers 500" in page.inner_text(".banner.bad")
    person.on(".banner a[href='/pin']")
    page.wait_for_selector("form[action='/unpin'] .primary")
    assert person.count < 3
    page.click("form[action='/unpin'] .primary")
    page.wait_for_selector(".banner.bad", state="detached")
