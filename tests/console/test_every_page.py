"""Every page in a real browser: both themes, three widths, axe-core, screenshots.

A line for each page. States of pages that differ in content, not in their parts, are seen in the
dark on a telephone, where long names have the least room.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from tests.console.conftest import Look, Served, serve, shot, sign_in, violations
from tests.console.test_history import wait_logged
from tests.support.git import put
from tests.support.sample_shop import sample_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

NARROW: Final = 320
PAGES = [
    ("/", "overview"),
    ("/none", "not-found"),
    ("/traffic", "traffic"),
    ("/traffic/mesh/shop/virtualService/cart.shop.internal?path=/cart", "service-traffic"),
    ("/shift/mesh/shop/virtualRouter/cart/route/all?w.0=75&w.1=25", "shift"),
    ("/resources", "resources"),
    ("/resource/mesh/shop/virtualNode/cart-v1", "resource"),
    ("/resource/mesh/shop/virtualRouter/cart/route/all?tab=blame", "resource-blame"),
    ("/edit/mesh/shop/virtualRouter/cart/route/all", "edit"),
    ("/edit/mesh/shop/virtualNode/cart-v1?as=yaml", "edit-text"),
    ("/delete/mesh/shop/virtualNode/cart-v1", "delete"),
    ("/new/service?mesh=shop&service=pay.local&step=listener&health=on", "new-service"),
    ("/new/service?mesh=shop&service=pay.local&step=review&port=80a&weight_0=x", "new-wrong"),
    ("/new/resource", "new-resource"),
    ("/new/resource?kind=Route&mesh=shop&parent=&name=beta", "name-resource"),
    ("/topology?around=mesh/shop/virtualRouter/cart/route/all&diff=main", "topology"),
    ("/problems", "problems"),
    ("/log", "log"),
    ("/log?view=events", "events"),
    ("/commit/main", "commit"),
    ("/compare?before=1", "comparison"),
    ("/state", "state"),
    ("/verification", "verification"),
    ("/proxies", "proxies"),
    ("/pin", "pin"),
]


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_page_looks_right_everywhere(look: Look, served: Served, path: str, name: str) -> None:
    look(served.url, path, name)


def test_the_page_to_sign_in_looks_right_everywhere(look: Look, served: Served) -> None:
    look(served.url, "/sign-in", "sign-in", signed_in=False)


def test_on_a_telephone_the_present_page_is_in_sight(served: Served, browser: "Browser") -> None:
    context = browser.new_context(base_url=served.url, viewport={"width": NARROW, "height": 640})
    page = context.new_page()
    sign_in(page)
    for path in ("/", "/log", "/pin"):
        page.goto(path)
        box = page.locator(".pages a[aria-current]").bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= NARROW, (path, box)
    context.close()


# ---- states ----------------------------------------------------------------------------------

LONG: Final = "payments-reconciliation-worker-for-settlement-batches-eu-central-1-blue"
MESH: Final = "kind: Mesh\nmeshName: shop\nspec: {}\n"
NODE: Final = """\
kind: VirtualNode
meshName: shop
virtualNodeName: {name}
spec:
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
  serviceDiscovery: {{dns: {{hostname: {file}.internal}}}}
"""
LONGEST: Final = {
    f"shop/n{at}.yaml": NODE.format(name=name, file=f"n{at}")
    for at, name in enumerate(["n" * 255, *(f"{LONG}-{at:04}" for at in range(60))])
}
ODD: Final = "kind: Route\nmeshName: shop\nvirtualRouterName: cart\nrouteName: odd\nspec: {}\n"


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a repository that has no commit at first."""
    found = serve(tmp_path_factory.mktemp("changing"), empty=True)
    with found.server:
        yield found


@pytest.fixture(scope="module")
def telephone(browser: "Browser", changing: Served) -> Iterator["Page"]:
    size: ViewportSize = {"width": NARROW, "height": 900}
    context = browser.new_context(base_url=changing.url, color_scheme="dark", viewport=size)
    page = context.new_page()
    sign_in(page)
    yield page
    context.close()


def inspect(page: "Page", name: str) -> None:
    """Fail if something is wrong with what a page shows now."""
    shot(page, f"{name}-dark-{NARROW}")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW, f"{name}: {wide} px wide"
    assert violations(page) == [], name


def glance(page: "Page", *paths: str, name: str) -> None:
    for at, path in enumerate(paths):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status < 500, path
        inspect(page, f"{name}-{at}")


def test_an_empty_repository(telephone: "Page") -> None:
    glance(telephone, "/", "/log", "/traffic", "/topology", name="empty")


@pytest.mark.parametrize(
    ("files", "paths", "name"),
    [
        ({"shop/mesh.yaml": MESH}, ("/traffic", "/topology", "/state"), "one"),
        (
            {**sample_files(), **LONGEST},
            ("/resources", "/topology", "/log?view=events", "/commit/main"),
            "long",
        ),
        (
            {**sample_files(), f"shop/{LONG}/odd.yaml": ODD},
            ("/", "/log", "/commit/main"),
            "refused",
        ),
    ],
)
def test_states_of_the_repository(
    changing: Served,
    telephone: "Page",
    files: dict[str, str | bytes],
    paths: tuple[str, ...],
    name: str,
) -> None:
    wait_logged(changing.visitor().sign_in(), put(changing.bare, files))
    glance(telephone, *paths, name=name)


def test_right_after_a_refusal(changing: Served, telephone: "Page") -> None:
    wait_logged(changing.visitor().sign_in(), put(changing.bare, sample_files()))
    telephone.goto("/edit/mesh/shop/virtualNode/cart-v1")
    telephone.fill("[name='spec.listeners.0.portMapping.port']", "80a")
    telephone.click("button.primary")
    telephone.wait_for_selector("input[aria-invalid=true]")
    inspect(telephone, "after-refusal")
