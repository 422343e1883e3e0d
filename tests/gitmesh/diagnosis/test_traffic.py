"""Problems that reported traffic shows: each rule with what is just one, and just not."""

import pytest

from gitmesh.diagnosis.finding import Finding
from gitmesh.diagnosis.traffic import reporting_findings, traffic_findings
from gitmesh.service.traffic.reported import service_targets
from gitmesh.traffic.figures import figures
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from tests.support.meshes import MESH, shop_mesh
from xds.reports.counts import Counts

V1, V2 = (ResourceKey.of(Kind.VIRTUAL_NODE, MESH, name) for name in ("cart-v1", "cart-v2"))


def found(
    one: tuple[int, int], other: tuple[int, int] | None = None, *, weights: tuple[int, int]
) -> dict[str, Finding]:
    """Return the findings for requests, and failed ones, of both versions of the cart."""
    graph = link(shop_mesh(v1=weights[0], v2=weights[1]))
    counted = {V1: one} | ({} if other is None else {V2: other})
    targets = {
        key: figures(Counts(requests=number, server_errors=failed))
        for key, (number, failed) in counted.items()
    }
    findings = list(traffic_findings(graph, services(graph), targets))
    assert all(each.evidence and each.next_step for each in findings)
    return {each.code: each for each in findings}


def services(graph: MeshGraph) -> dict[ResourceKey, frozenset[ResourceKey]]:
    return {
        key: service_targets(graph, key)
        for key in graph.resources
        if key.kind is Kind.VIRTUAL_SERVICE
    }


@pytest.mark.parametrize(
    ("one", "other", "weights", "codes"),
    [
        ((900, 0), (100, 0), (90, 10), set()),
        ((900, 2), (100, 0), (90, 10), set()),  # less than one in a hundred
        ((49, 49), None, (100, 0), set()),  # too few to tell
        ((900, 0), (100, 2), (90, 10), set()),  # may be chance
        ((1000, 1000), None, (100, 0), {"service-down"}),
        ((900, 890), (100, 99), (90, 10), {"service-down"}),
        ((900, 0), (100, 30), (90, 10), {"target-failing", "target-worse"}),
        ((900, 300), (100, 33), (90, 10), {"target-failing"}),  # both alike
        ((700, 0), (300, 0), (90, 10), {"weight-not-followed"}),
        ((60, 0), (10, 0), (90, 10), set()),  # so few that it may be chance
        ((870, 0), (130, 0), (90, 10), set()),  # beyond chance, but hardly off
        ((200, 0), None, (90, 10), {"target-idle"}),
        ((60, 0), None, (95, 5), set()),  # it should have had three
        ((200, 0), None, (100, 0), set()),
        ((0, 0), None, (90, 10), set()),
    ],
)
def test_a_problem_is_what_is_more_than_chance(
    one: tuple[int, int],
    other: tuple[int, int] | None,
    weights: tuple[int, int],
    codes: set[str],
) -> None:
    assert found(one, other, weights=weights).keys() == codes


def test_messages_have_the_figures() -> None:
    findings = found((700, 0), (300, 90), weights=(90, 10))
    off = findings["weight-not-followed"]
    assert off.message == "cart-v2 has 10 % of route all, and gets 30 % of its requests"
    assert findings["target-failing"].message == "30 % of the requests to cart-v2 fail"
    evidence = findings["target-worse"].evidence
    assert evidence[0] == "cart-v2: 90 of 300 requests failed (25.1 % to 35.4 %)"
    assert evidence[1].startswith("cart-v1: 0 of 700 requests failed (0 % to ")


def test_proxies_that_report_nothing_are_named_with_the_command_that_mends_it() -> None:
    (finding,) = reporting_findings([("mesh/shop/virtualNode/web", 3)])
    assert finding.severity == "note"
    assert finding.next_step == "gitmesh bootstrap --node mesh/shop/virtualNode/web"
