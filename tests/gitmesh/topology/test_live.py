"""Traffic on edges: shown only where it follows from what proxies count."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from gitmesh.topology.drawing.svg import Drawing, svg
from gitmesh.topology.labels import label
from gitmesh.topology.layout.packing import layout
from gitmesh.topology.layout.size import label_width
from gitmesh.topology.live import Observed, observed_edges
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Topology
from gitmesh.topology.services import by_service
from gitmesh.traffic.series import Series
from reconciler.directory import read_directory
from tests.support.sample_shop import ENTRANCE, sample_files
from xds.reports.counts import Counts

SVG = "{http://www.w3.org/2000/svg}"
V1, V2, WEB = (f"mesh/shop/virtualNode/{name}" for name in ("cart-v1", "cart-v2", "web"))


def sums(*found: tuple[str, str, int, int]) -> list[tuple[Series, Counts]]:
    """Return sums: caller, target, requests, and how many of them failed."""
    return [
        (Series(caller, target, "http", 8080, "c"), Counts(requests=number, server_errors=failed))
        for caller, target, number, failed in found
    ]


def topology_of(folder: Path, **more: str) -> Topology:
    """Return the topology of the sample shop, and of more files."""
    for name, text in {**sample_files(shares(10)), **more}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return mesh_topology(read_directory(folder).graph)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Topology:
    return topology_of(tmp_path_factory.mktemp("shop"))


REPORTED = sums((ENTRANCE, V1, 540, 0), (ENTRANCE, V2, 60, 30), (WEB, V1, 60, 0))


def shown(whole: Topology, part: Topology | None = None) -> dict[str, str]:
    found = observed_edges(part or whole, whole, REPORTED, 60.0)
    return {f"{key[0].name} {key[3]}> {key[1].name}": seen.text for key, seen in found.items()}


def test_edges_have_the_requests_that_took_them(shop: Topology) -> None:
    assert shown(shop) == {
        "entrance cart> cart.shop.internal": "10/s ✗ 5 %",
        "web > cart.shop.internal": "1/s",
        "cart.shop.internal > cart": "11/s ✗ 4.5 %",
        "cart all> cart-v1": "10/s",
        "cart all> cart-v2": "1/s ✗ 50 %",  # beside the edge of testers, of which it has the sum
    }


def test_services_that_stand_for_their_nodes_have_the_sums_of_them(shop: Topology) -> None:
    found = shown(shop, by_service(shop))
    assert found["entrance cart> cart.shop.internal"] == "10/s ✗ 5 %"


def test_a_node_of_two_services_tells_nothing_about_either(tmp_path: Path) -> None:
    alias = """\
kind: VirtualService
meshName: shop
virtualServiceName: alias.shop.internal
spec: {provider: {virtualNode: {virtualNodeName: cart-v1}}}
"""
    found = shown(topology_of(tmp_path, **{"shop/alias.yaml": alias}))
    assert "cart all> cart-v1" not in found
    assert "cart.shop.internal > cart" not in found
    assert found["cart all> cart-v2"] == "1/s ✗ 50 %"
    # Who calls one of both services alone still tells.
    assert found["entrance cart> cart.shop.internal"] == "10/s ✗ 5 %"


def test_without_a_time_or_reports_there_is_nothing(shop: Topology) -> None:
    assert observed_edges(shop, shop, REPORTED, 0.0) == {}
    assert observed_edges(shop, shop, [], 60.0) == {}


@pytest.mark.parametrize(
    ("rate", "errors", "text"),
    [
        (0.0166, 0, "0.017/s"),
        (1.25, 0, "1.2/s"),
        (12.34, 0.12, "12.3/s"),
        (12.34, 0.1235, "12.3/s ✗ 1 %"),
        (1234.5, 0, "1,234/s"),
        (5, 5, "5/s ✗ 100 %"),
    ],
)
def test_rates_are_short_and_small_shares_of_errors_are_left_out(
    rate: float, errors: float, text: str
) -> None:
    assert Observed(rate, errors).text == text


def test_calls_that_arrive_at_one_point_have_one_label_with_their_sum(shop: Topology) -> None:
    observed = observed_edges(shop, shop, REPORTED, 60.0)
    picture = ET.fromstring(svg(layout(shop, rates=True), Drawing("", "", observed=observed)))
    drawn = [
        each for each in picture.iter(f"{SVG}g") if "edge" in (each.get("class") or "").split()
    ]
    calls = {}
    for each in drawn:
        title, text = each.findtext(f"{SVG}title"), each.findtext(f"{SVG}text")
        if title is not None and "→ cart.shop.internal" in title:
            calls[title] = text
    assert sorted(filter(None, calls.values())) == ["11/s ✗ 4.5 %"]
    assert "entrance / cart → cart.shop.internal: 10/s ✗ 5 %" in calls


def test_beside_weights_there_is_room_for_rates(shop: Topology) -> None:
    observed = observed_edges(shop, shop, REPORTED, 60.0)
    for line in layout(shop, rates=True).lines:
        if line.edge.weight is not None:
            (x, y), (to_x, to_y) = line.points[-2:]
            assert y == to_y
            assert to_x - x > label_width(label(line.edge, observed.get(line.edge.identity)))
