"""Topology: the picture and its table, for any moment, comparison and resource."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest

from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.sums import Sums
from tests.console.conftest import Served, Visitor, serve, text_of
from tests.support.git import put
from tests.support.sample_shop import ENTRANCE, sample_files
from xds.reports.counts import Counts
from xds.reports.measured import Measured

SCRIPT = "<script>alert(1)</script>"
HOSTILE = f"""\
kind: VirtualNode
meshName: shop
virtualNodeName: "{SCRIPT}"
spec: {{}}
"""
CART = "mesh/shop/virtualService/cart.shop.internal"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the shop, and a commit after it that shifts a tenth of cart's requests."""
    served = serve(tmp_path_factory.mktemp("topology"), files={"shop/hostile.yaml": HOSTILE})
    with served.server:
        files = {**sample_files(shares(10)), "shop/hostile.yaml": HOSTILE}
        commit = put(served.bare, files, message="Shift")
        served.server.wait_for("commit applied", commit=commit[:7])
        yield served


@pytest.fixture(scope="module")
def person(shop: Served) -> Visitor:
    return shop.visitor().sign_in()


def rows(text: str) -> list[str]:
    """Return the rows of the table as text."""
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    found = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in found]


def boxes(text: str) -> list[str]:
    """Return what a screen reader says of each box."""
    return [unescape(each) for each in re.findall(r'<a href="[^"]*" aria-label="([^"]*)"', text)]


def test_a_small_mesh_is_shown_whole_with_its_weights(person: Visitor) -> None:
    page = person.get("/topology").text
    assert "virtual node: cart-v1" in boxes(page)
    assert "virtual gateway: entrance" in boxes(page)
    said = rows(page)
    assert "cart virtual router all / cart-v1 virtual node 90 %" in said
    assert "cart virtual router all / cart-v2 virtual node 10 %" in said


def test_around_a_service_only_its_callers_and_what_it_calls_are_shown(person: Visitor) -> None:
    shown = boxes(person.get(f"/topology?around={CART}").text)
    names = {each.split(": ")[1].split(" ")[0] for each in shown}
    assert names == {
        *("entrance", "web", "cart.shop.internal", "cart", "cart-v1", "cart-v2"),
        "payments.shop.internal",
    }
    inside = boxes(person.get(f"/topology?around={CART}&depth=0").text)
    assert {each.split(": ")[1].split(" ")[0] for each in inside} == {
        *("cart.shop.internal", "cart", "cart-v1", "cart-v2"),
    }


def test_each_box_is_a_link_that_keeps_the_moment_and_the_comparison(person: Visitor) -> None:
    page = person.get("/topology?at=main&diff=main~1").text
    links = [unescape(each) for each in re.findall(r'<a href="([^"]*)" aria-label="virtual', page)]
    assert links
    for link in links:
        assert link.startswith("/topology?around=mesh/shop/")
        assert "at=main&diff=main~1" in link
        assert person.get(link).status_code == 200


def test_a_comparison_marks_what_changes(person: Visitor) -> None:
    page = person.get(f"/topology?diff=main~1&around={CART}").text
    assert "cart virtual router all / cart-v1 virtual node 100 % → 90 % changed" in rows(page)
    assert 'class="edge target changed"' in page
    same = person.get("/topology?diff=main").text
    assert "Nothing is different." in same


def test_an_earlier_moment_shows_its_weights(person: Visitor) -> None:
    page = person.get(f"/topology?at=main~1&around={CART}").text
    assert "cart virtual router all / cart-v1 virtual node 100 %" in rows(page)


def test_search_lists_what_fits_and_goes_to_the_only_one(person: Visitor) -> None:
    several = person.get("/topology?q=cart-v").text
    assert len(re.findall(r"<li data-row>", several)) == 2
    only = person.get("/topology?q=testers").text
    assert '<g class="row centre">' in only
    assert "Nothing has a name with" in person.get("/topology?q=nonesuch").text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("around=mesh/shop/virtualNode/gone", 404),
        ("around=nonsense", 404),
        ("at=nonsense", 400),
        ("diff=nonsense", 400),
        ("depth=99&detail=nonsense", 200),
    ],
)
def test_addresses_of_nothing_say_so(person: Visitor, query: str, status: int) -> None:
    assert person.get(f"/topology?{query}").status_code == status


def test_hostile_names_stay_text(person: Visitor) -> None:
    for path in ("/topology", "/topology?q=script", f"/topology?q={SCRIPT}"):
        page = person.get(path).text
        assert SCRIPT not in page, path
        assert "&lt;script&gt;" in page, path
        assert "style=" not in page


def test_edges_and_the_table_show_the_traffic_of_the_last_minute(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    served = serve(tmp_path_factory.mktemp("traffic"))
    with served.server:
        person = served.visitor().sign_in()
        assert "rates appear when proxies report" in text_of(person.get("/topology").text)
        now_s = int(time.time())
        with closing(TrafficFile.create(traffic_path(log_path(served.bare)))) as file:
            for at_s in range(now_s - 100, now_s + 1, 10):
                report = Counts(requests=50, server_errors=5)
                measured = Measured(
                    *(ENTRANCE, "127.0.0.1:1", "metrics", (at_s - 10) * 10**9, at_s * 10**9),
                    *("c", (("cds_egress_shop_cart-v1_http_8080", report),)),
                )
                sums = Sums()
                sums.add(measured)
                file.write(sums, at_s)
        deadline = time.monotonic() + 60
        while "5/s ✗ 10 %" not in (page := person.get("/topology").text):
            assert time.monotonic() < deadline, text_of(page)
            time.sleep(0.5)
        assert 'hx-trigger="refresh"' in page
        assert any("cart-v1" in row and "5/s ✗ 10 %" in row for row in rows(page))
        assert re.search(r'<g class="edge target[^"]* failing">', page)
        past = person.get("/topology?at=1").text
        assert "✗" not in past
        assert 'hx-trigger="refresh"' not in past
