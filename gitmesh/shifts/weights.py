"""Steps of a shift, and the weights of its routes after each step. Pure."""

from collections.abc import Mapping

from gitmesh.shifts.document import Curve, ShiftDocument, ShiftSpec
from mesh.canonical import Json, JsonObject, as_object
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, spec_json
from mesh.spec import RouteSpec

Weights = Mapping[ResourceKey, tuple[int, int]]
"""Weight of ``from`` and of ``to`` in each route."""


def steps_of(spec: ShiftSpec) -> tuple[int, ...]:
    """Return the share of ``to`` after each step, in percent; the last is 100."""
    return (
        spec.steps if spec.steps is not None else _on(spec.curve or Curve(shape="linear", steps=1))
    )


def _on(curve: Curve) -> tuple[int, ...]:
    count = curve.steps
    if curve.shape == "linear":
        shares = [round(100 * at / count) for at in range(1, count + 1)]
    else:
        shares = [round(100 * 2.0 ** (at - count)) for at in range(1, count + 1)]
    return tuple(sorted({max(1, share) for share in shares}))


def routes_of(shift: ShiftDocument, graph: MeshGraph) -> tuple[Resource, ...]:
    """Return the routes that a shift moves, sorted: those that have both targets."""
    found = [
        resource
        for key, resource in graph.resources.items()
        if key.kind is Kind.ROUTE
        and (key.mesh, key.parent) == (shift.mesh_name, shift.virtual_router_name)
        and shift.route_name in (None, key.name)
        and pair(resource, shift.spec) is not None
    ]
    return tuple(sorted(found, key=lambda each: each.key))


def nodes_of(route: Resource) -> frozenset[str]:
    """Return the names of the virtual nodes that a route has as targets."""
    targets = weighted_targets(route.spec) if isinstance(route.spec, RouteSpec) else ()
    return frozenset(each.virtual_node for each in targets)


def pair(route: Resource, spec: ShiftSpec) -> tuple[int, int] | None:
    """Return the weights of ``from`` and ``to`` in a route; None if it lacks one of them."""
    if not isinstance(route.spec, RouteSpec) or not {spec.from_, spec.to} <= nodes_of(route):
        return None
    found = {spec.from_: 0, spec.to: 0}
    for each in weighted_targets(route.spec):
        if each.virtual_node in found:
            found[each.virtual_node] += each.weight
    return found[spec.from_], found[spec.to]


def stepped(route: Resource, spec: ShiftSpec, share: int) -> tuple[int, int]:
    """Return the weights of ``from`` and ``to`` in a route when ``to`` has a share in percent.

    A route with these two targets gets percents. With others, the sum of both stays, so that the
    share of the others stays.
    """
    before = pair(route, spec) or (0, 0)
    only = nodes_of(route) == {spec.from_, spec.to}
    whole = 100 if only else sum(before)
    to = round(whole * share / 100)
    return whole - to, to


def with_weights(route: Resource, spec: ShiftSpec, weights: tuple[int, int]) -> JsonObject:
    """Return the spec of a route with other weights of ``from`` and ``to``; all else stays."""
    whole = spec_json(route.spec)
    name = next(name for name in whole if name != "priority")
    body = as_object(whole[name])
    action = as_object(body.get("action"))
    listed = action.get("weightedTargets")
    left = {spec.from_: weights[0], spec.to: weights[1]}
    targets: list[Json] = []
    for each in map(as_object, listed if isinstance(listed, list) else []):
        node = str(each.get("virtualNode"))
        if node in (spec.from_, spec.to):
            # Of several targets with one node, such as on two ports, the first has the weight.
            each = {**each, "weight": left.pop(node, 0)}
        targets.append(each)
    return {**whole, name: {**body, "action": {**action, "weightedTargets": targets}}}


def share_of(weights: tuple[int, int]) -> float:
    """Return the share of ``to`` in percent."""
    whole = sum(weights)
    return 100 * weights[1] / whole if whole else 0.0
