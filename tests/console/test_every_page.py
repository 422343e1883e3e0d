"""Every page in a real browser: both themes, three widths, axe-core, screenshots.

A line for each page, and for each state of it that looks different.
"""

import pytest

from tests.console.conftest import Look, Served

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
