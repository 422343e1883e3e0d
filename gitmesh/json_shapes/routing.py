"""Shapes of routing: results of route tests, the decision on a request, and the topology."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from gitmesh.topology.model import Edge, Row, Vertex
    from gitmesh.topology.view import View
    from mesh.resource import Resource
    from mesh.route_tests import Verdict
    from mesh.routing import Decision


class PlacedResourceShape(TypedDict):
    """A resource, and its location in the specs."""

    key: str
    path: str
    line: int


class ShareShape(TypedDict):
    """A listener of a virtual node, and its weight among the targets of a route."""

    node: str
    port: int
    weight: int


class TriedShape(TypedDict):
    """A route that was tried and does not match the request."""

    route: PlacedResourceShape | None
    misses: list[str]


class DecisionShape(TypedDict):
    """Decision on one request: see :class:`mesh.routing.decision.Decision`."""

    outcome: str
    reason: str
    shares: list[ShareShape]
    service: str | None
    route: PlacedResourceShape | None
    gatewayRoute: PlacedResourceShape | None
    path: str
    host: str
    tried: list[TriedShape]


RouteTestShape = TypedDict(
    "RouteTestShape",
    {
        "path": str,
        "line": int,
        "name": str,
        "from": str,  # a word of Python
        "request": str,
        "passed": bool,
        "why": str,
        "decision": DecisionShape,
    },
)
"""Result of one route test: see :class:`mesh.route_tests.verdict.Verdict`."""


class RouteTestsShape(TypedDict):
    """Answer of ``route-test``."""

    ok: bool
    tests: list[RouteTestShape]


def route_tests_shape(verdicts: "Sequence[Verdict]") -> RouteTestsShape:
    """Return the results of route tests, in the order given."""
    return {
        "ok": all(each.passed for each in verdicts),
        "tests": [_verdict(each) for each in verdicts],
    }


def decision_shape(decision: "Decision") -> DecisionShape:
    """Return the decision on a request."""
    return {
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "shares": [
            {"node": share.node, "port": share.port, "weight": share.weight}
            for share in decision.shares
        ],
        "service": None if decision.service is None else str(decision.service),
        "route": _placed(decision.route),
        "gatewayRoute": _placed(decision.gateway_route),
        "path": decision.path,
        "host": decision.host,
        "tried": [
            {"route": _placed(each.route), "misses": [str(miss) for miss in each.misses]}
            for each in decision.tried
        ],
    }


def _verdict(found: "Verdict") -> RouteTestShape:
    return {
        "path": found.suite.source.path,
        "line": found.suite.source.line(found.test.steps),
        "name": found.test.name,
        "from": str(found.suite.caller),
        "request": str(found.test.request),
        "passed": found.passed,
        "why": found.why,
        "decision": decision_shape(found.decision),
    }


def _placed(resource: "Resource | None") -> PlacedResourceShape | None:
    if resource is None:
        return None
    return {
        "key": str(resource.key),
        "path": resource.source.path,
        "line": resource.source.line(()),
    }


# ---- topology ----


class RowShape(TypedDict):
    """A route of a router, or a gateway route of a gateway."""

    key: str
    match: str
    mark: str


class VertexShape(TypedDict):
    """A gateway, virtual service, router or node."""

    key: str
    kind: str
    name: str
    exists: bool
    mark: str
    routes: list[RowShape]
    nodes: list[str]
    group: list[str]
    hidden: int


class EdgeShape(TypedDict):
    """Requests can go from one resource to another."""

    source: str
    target: str
    relation: str
    route: str | None
    port: int | None
    percent: float | None
    percentBefore: float | None
    mark: str


class TopologyShape(TypedDict):
    """Answer of ``graph``."""

    label: str
    detail: str
    around: str | None
    depth: int
    vertices: list[VertexShape]
    edges: list[EdgeShape]


def topology_shape(label: str, view: "View") -> TopologyShape:
    """Return what a picture shows."""
    whole = view.topology
    return {
        "label": label,
        "detail": view.detail.value,
        "around": None if view.centre is None else str(view.centre),
        "depth": view.depth,
        "vertices": [_vertex(each) for each in whole.vertices],
        "edges": [_edge(each) for each in whole.edges],
    }


def _vertex(found: "Vertex") -> VertexShape:
    return {
        "key": str(found.key),
        "kind": found.kind.value,
        "name": found.key.name,
        "exists": found.exists,
        "mark": found.mark.value,
        "routes": [_row(each) for each in found.rows],
        "nodes": [str(key) for key in found.inside],
        "group": [str(key) for key in found.group],
        "hidden": found.hidden,
    }


def _row(found: "Row") -> RowShape:
    return {"key": str(found.key), "match": found.match, "mark": found.mark.value}


def _edge(found: "Edge") -> EdgeShape:
    weight = found.weight
    return {
        "source": str(found.source),
        "target": str(found.target),
        "relation": found.relation.value,
        "route": None if found.route is None else str(found.route),
        "port": found.port,
        "percent": None if weight is None else weight.now,
        "percentBefore": None if weight is None else weight.before,
        "mark": found.mark.value,
    }
