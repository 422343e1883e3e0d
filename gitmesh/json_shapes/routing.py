"""Shapes of routing: results of route tests, and the decision on a request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from mesh.resource import Resource
    from mesh.route_tests import Verdict
    from mesh.routing import Decision


class PlacedResourceShape(TypedDict):
    """A resource, and its place in the specs."""

    key: str
    path: str
    line: int


class ShareShape(TypedDict):
    """A listener of a virtual node, and its weight among the targets of a route."""

    node: str
    port: int
    weight: int


class TriedShape(TypedDict):
    """A route that was tried and does not take the request."""

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
