"""Shift documents: every mistake is a problem with its file, line and remedy."""

import pytest

from gitmesh.shifts.reading import Shift, path_of, read_shift, shift_problems
from gitmesh.shifts.weights import steps_of
from mesh.graph.mesh_graph import MeshGraph
from mesh.linking import link
from mesh.reading.native import read_resources
from tests.gitmesh.shifts.documents import shift, text

ROUTE = """\
kind: Mesh
meshName: shop
---
kind: VirtualRouter
meshName: shop
virtualRouterName: cart
spec:
  listeners:
    - portMapping: {port: 8080, protocol: http}
---
kind: Route
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  httpRoute:
    match: {prefix: /}
    action:
      weightedTargets:
        - {virtualNode: cart-v1, weight: 100}
        - {virtualNode: cart-v2, weight: 0}
---
kind: Route
meshName: shop
virtualRouterName: cart
routeName: three
spec:
  httpRoute:
    match: {prefix: /three}
    action:
      weightedTargets:
        - {virtualNode: cart-v1, weight: 2}
        - {virtualNode: cart-v2, weight: 0}
        - {virtualNode: cart-v3, weight: 1}
"""


def graph() -> MeshGraph:
    return link(read_resources("cart.yaml", ROUTE.encode()).resources)


def said(written: str) -> list[tuple[int, str]]:
    found = read_shift(path_of("cart-v2"), written.encode())
    assert isinstance(found, list)
    return [(problem.line, f"{problem.message} {problem.hint}") for problem in found]


def test_a_document_is_read_with_its_defaults() -> None:
    found = shift()
    assert (found.name, found.document.spec.from_, found.document.spec.to) == (
        "cart-v2",
        "cart-v1",
        "cart-v2",
    )
    assert steps_of(found.document.spec) == (5, 25, 50, 100)
    assert found.document.spec.on_failure == "revert"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("interval: 2 minutes", "such as 90s, 2m"),
        ("onFailure: panic", "revert"),
        ("gates: {successRate: {min: 101}}", "at most 100"),
        ("gates: {latency: {percentile: 99}}", "latency needs max, maxRatio or both"),
        ("gates: {minRequest: 5}", "minRequests"),
        ('window: {from: "8", until: "18:00"}', "08:00"),
        ("curve: {shape: linear, steps: 4}", "exactly one of"),
    ],
)
def test_a_mistake_is_told_at_its_line_with_a_remedy(line: str, words: str) -> None:
    [(at, told)] = said(text(line))
    assert words in told
    assert at >= 5


@pytest.mark.parametrize("steps", ["[5, 50]", "[50, 5, 100]", "[5, 5, 100]"])
def test_steps_must_grow_to_100(steps: str) -> None:
    [(_, told)] = said(text(steps=steps))
    assert "steps must grow and end in 100" in told


def test_a_document_that_is_not_one_shift_is_refused() -> None:
    assert "must be an object" in said("- 1\n")[0][1]
    assert "the file has 2" in said(text() + "---\n" + text())[0][1]
    assert "the file has 0" in said("")[0][1]
    assert isinstance(read_shift(".gitmesh/shifts/a b.yaml", text().encode()), list)


def test_curves_end_in_100() -> None:
    linear = read_shift(path_of("a"), text("curve: {shape: linear, steps: 4}").encode())
    assert isinstance(linear, list)  # it has steps, too
    plain = text().replace("  steps: [5, 25, 50, 100]\n", "")
    for shape, steps in (("linear", (25, 50, 75, 100)), ("exponential", (12, 25, 50, 100))):
        found = read_shift(path_of("a"), f"{plain}  curve: {{shape: {shape}, steps: 4}}\n".encode())
        assert isinstance(found, Shift), found
        assert steps_of(found.document.spec) == steps


def test_only_state_is_no_part_of_the_intent() -> None:
    held = read_shift(path_of("cart-v2"), (text() + "hold: lunch\nended: aborted\n").encode())
    assert isinstance(held, Shift)
    assert held.intent == shift().intent
    assert shift(steps="[100]").intent != shift().intent


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("virtualRouterName: cart", "virtualRouterName: crat"), 3, "cart"),
        (("routeName: all", "routeName: al"), 4, "all"),
        (("to: cart-v2", "to: cart-v9"), 7, "weight: 0"),
        (("routeName: all", "routeName: three"), 8, "fewer steps"),
    ],
)
def test_what_the_mesh_does_not_have_is_told(
    change: tuple[str, str], line: int, words: str
) -> None:
    found = read_shift(path_of("cart-v2"), text().replace(*change).encode())
    assert isinstance(found, Shift)
    [problem] = shift_problems(found, graph())
    assert (problem.path, problem.line) == (".gitmesh/shifts/cart-v2.yaml", line)
    assert words in problem.hint


def test_a_shift_that_fits_the_mesh_has_no_problem() -> None:
    assert shift_problems(shift(), graph()) == []
    three = read_shift(path_of("t"), text(steps="[50, 100]").replace("all", "three").encode())
    assert isinstance(three, Shift)
    assert shift_problems(three, graph()) == []
