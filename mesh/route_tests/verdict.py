"""Results of route tests: what was expected, what would happen, and the reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from mesh.graph.ports import provider
from mesh.graph.references import weighted_targets
from mesh.keys import ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.route_tests.document import Expected
from mesh.route_tests.suite import RouteTest, RouteTests
from mesh.routing import Decision, Outcome, decide
from mesh.routing.decision import place
from mesh.spec import RouteSpec

FAILED: Final = "route-test-failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of one test."""

    suite: RouteTests
    test: RouteTest
    decision: Decision
    passed: bool
    why: str = ""
    """The reason why the expected route does not match the request, if known."""

    def problem(self) -> Problem:
        """Return the problem to report if the test failed."""
        asked = f"{self.test.request} from {self.suite.caller}"
        what = f"{self.test.name}: {asked}" if self.test.name else asked
        message = f"{what}: expected {expectation(self.test.expected)}, {happening(self.decision)}"
        return self.suite.source.problem(self.test.steps, FAILED, message, hint=self.why)


def verdicts(graph: MeshGraph, suites: Iterable[RouteTests]) -> Iterator[Verdict]:
    """Yield the result of each test, in order."""
    for suite in suites:
        for test in suite.tests:
            decision = decide(graph, suite.caller, test.request)
            passed = _holds(test.expected, decision)
            why = "" if passed else _why(graph, test.expected, decision)
            yield Verdict(suite, test, decision, passed, why)


def failures(graph: MeshGraph, suites: Iterable[RouteTests]) -> tuple[Problem, ...]:
    """Return a problem for each test that fails."""
    return tuple(each.problem() for each in verdicts(graph, suites) if not each.passed)


def happening(decision: Decision) -> str:
    """Return the decision on a request as text, with the route that made it."""
    by = "".join(
        f" by {kind} {route.key.name} ({place(route)})"
        for kind, route in (("gateway route", decision.gateway_route), ("route", decision.route))
        if route is not None
    )
    if decision.outcome is Outcome.ROUTED:
        return f"it goes to {decision.result}{by}" + (f" with path {decision.path}" * bool(by))
    return f"but {decision.reason}{by}"


def expectation(expected: Expected) -> str:
    """Return the expectation of a test as text."""
    said = []
    if expected.node is not None:
        said.append(expected.node)
    if expected.shares is not None:
        said.append(", ".join(f"{node} {part}" for node, part in expected.shares.items()))
    if expected.outcome is not None:
        said.append(expected.outcome)
    for word, value in (
        ("route", expected.route),
        ("gateway route", expected.gateway_route),
        ("path", expected.path),
    ):
        if value is not None:
            said.append(f"{word} {value}")
    return " with ".join(said)


def _holds(expected: Expected, decision: Decision) -> bool:
    parts = decision.parts
    return all(
        (
            expected.outcome is None or expected.outcome == decision.outcome,
            expected.node is None or list(parts) == [expected.node],
            expected.shares is None or _same_shares(expected.shares.items(), parts),
            expected.route is None or expected.route == _name(decision.route),
            expected.gateway_route is None
            or expected.gateway_route == _name(decision.gateway_route),
            expected.path is None or expected.path == decision.path,
        )
    )


def _same_shares(wished: Iterable[tuple[str, str]], parts: dict[str, Fraction]) -> bool:
    """Compare shares with the precision of the expected value: one third equals 33 % and 33.3 %."""
    left = dict(parts)
    for node, text in wished:
        digits = text.removesuffix("%").strip()
        places = len(digits.partition(".")[2])
        if round(left.pop(node, Fraction()) * 100, places) != Fraction(digits):
            return False
    return not left


def _why(graph: MeshGraph, expected: Expected, decision: Decision) -> str:
    """Return the reason why the first expected route does not match the request."""
    for each in decision.tried:
        if _wished(each.route, expected):
            return f"{each.route.key.name} ({place(each.route)}) does not take it: {each.misses[0]}"
    router = _router(graph, decision)
    for route in graph.routes(router) if router is not None else ():
        if route != decision.route and _wished(route, expected):
            if decision.route is None or not isinstance(route.spec, RouteSpec):
                return ""
            return f"{route.key.name} ({place(route)}) is tried after {decision.route.key.name}"
    return ""


def _wished(route: Resource, expected: Expected) -> bool:
    if route.key.name in (expected.route, expected.gateway_route):
        return True
    nodes = {*(expected.shares or ()), *([expected.node] if expected.node else [])}
    targets = weighted_targets(route.spec) if isinstance(route.spec, RouteSpec) else ()
    return any(target.virtual_node in nodes and target.weight for target in targets)


def _router(graph: MeshGraph, decision: Decision) -> ResourceKey | None:
    found = None if decision.service is None else provider(graph, decision.service)
    return None if found is None else found.key


def _name(route: Resource | None) -> str | None:
    return None if route is None else route.key.name
