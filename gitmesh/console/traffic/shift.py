"""New weights of a route, as somebody typed them. Pure."""

from collections.abc import Mapping, Sequence

from mesh.canonical import Json, JsonObject, as_object
from mesh.resource import Resource, spec_json


def with_weights(route: Resource, weights: Sequence[Json]) -> JsonObject:
    """Return the spec of a route with other weights, in the order of its targets.

    An invalid weight stays as it was typed, so that validation reports it.
    """
    spec = spec_json(route.spec)
    name = next(name for name in spec if name != "priority")
    body = as_object(spec[name])
    action = as_object(body.get("action"))
    targets = action.get("weightedTargets")
    listed = targets if isinstance(targets, list) else []
    changed: list[Json] = [
        {**as_object(target), "weight": weight}
        for target, weight in zip(listed, weights, strict=False)
    ]
    new = {**action, "weightedTargets": [*changed, *listed[len(changed) :]]}
    return {**spec, name: {**body, "action": new}}


def typed_weights(query: Mapping[str, str], count: int) -> list[str]:
    """Return the typed weights of a route with that many targets; empty where none was typed."""
    return [query.get(f"w.{at}", "").strip() for at in range(count)]


def shift_words(route: Resource, weights: Sequence[Json]) -> str:
    """Return what a shift does in a few words: ``Shift cart/all to cart-v1 75, cart-v2 25``."""
    spec = spec_json(route.spec)
    name = next(name for name in spec if name != "priority")
    targets = as_object(as_object(spec[name]).get("action")).get("weightedTargets")
    nodes = (
        [as_object(each).get("virtualNode") for each in targets]
        if isinstance(targets, list)
        else []
    )
    whole = sum(weight for weight in weights if isinstance(weight, int))
    said = ", ".join(
        f"{node} {_percent(weight, whole)}" for node, weight in zip(nodes, weights, strict=False)
    )
    return f"Shift {route.key.parent}/{route.key.name} to {said}"


def _percent(weight: Json, whole: int) -> str:
    if not isinstance(weight, int) or not whole:
        return str(weight)
    return f"{100 * weight / whole:.1f}".removesuffix(".0") + " %"
