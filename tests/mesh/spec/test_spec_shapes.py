"""Our models have the fields and limits of the App Mesh service's own model."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mesh.keys import APP_MESH_KINDS, Kind
from mesh.spec import SPEC_OF, GatewayRouteSpec, RouteSpec, Spec
from tests.support.service_model import Shapes, differences, reachable, service_shapes

STRICTER: dict[type[Spec], str] = {
    RouteSpec: 'the API\'s text says "specify one route type"; its model cannot',
    GatewayRouteSpec: "the same, for gateway routes",
}
"""Models that ask for exactly one member although the service's model calls them no union."""

SHAPES = service_shapes()


def _shape_name(kind: Kind) -> str:
    return f"{kind}Spec"


def _all_differences(shapes: Shapes) -> list[str]:
    return [
        difference
        for kind in APP_MESH_KINDS
        for difference in differences(shapes, _shape_name(kind), SPEC_OF[kind], STRICTER)
    ]


@pytest.mark.parametrize("kind", APP_MESH_KINDS)
def test_a_model_has_the_members_types_and_limits_of_the_service(kind: Kind) -> None:
    assert list(differences(SHAPES, _shape_name(kind), SPEC_OF[kind], STRICTER)) == []


def test_one_kind_alone_is_ours_and_unknown_to_the_service() -> None:
    ours = SPEC_OF.keys() - set(APP_MESH_KINDS)
    assert ours == {Kind.SERVICE_INSTANCES}
    assert {_shape_name(kind) for kind in ours}.isdisjoint(SHAPES)


def test_the_stricter_models_are_no_unions_in_the_service() -> None:
    assert not any(SHAPES[model.__name__].get("union") for model in STRICTER)


def test_without_the_list_of_stricter_models_they_are_reported() -> None:
    found = list(differences(SHAPES, "RouteSpec", RouteSpec, {}))
    assert found == ["RouteSpec: exactly one member in ours only"]


Change = Callable[[dict[str, Any]], None]


def _mutations(shape: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield every small way in which the service could differ from what it says of a shape."""
    limits = ("min", "max") if shape["type"] not in ("structure", "boolean") else ()
    for limit in limits:
        yield f"other {limit}", lambda s, key=limit: s.update({key: s.get(key, 0) + 7})  # type: ignore[misc]
    match shape["type"]:
        case "structure":
            yield "a new member", lambda s: s["members"].update(x={"shape": s["members"]})
            yield "union or not", lambda s: s.update(union=not s.get("union"))
            for member in shape["members"]:
                yield f"without {member}", lambda s, key=member: s["members"].pop(key)  # type: ignore[misc]
                yield f"{member} required or not", lambda s, key=member: _flip(s, key)  # type: ignore[misc]
        case "list":
            yield "no list", lambda s: s.update(type="string")
        case "string":
            yield "another pattern", lambda s: s.update(pattern="^x$")
            yield "one more value", lambda s: s.update(enum=[*s.get("enum", ()), "x"])
            yield "no text", lambda s: s.update(type="integer", enum=["x"])
        case "boolean":
            yield "no flag", lambda s: s.update(type="integer")
        case _:
            yield "no number", lambda s: s.update(type="string")


def _flip(shape: dict[str, Any], member: str) -> None:
    shape["required"] = sorted({member} ^ set(shape.get("required", ())))


@pytest.mark.parametrize("kind", APP_MESH_KINDS)
def test_whatever_the_service_changes_is_reported(kind: Kind) -> None:
    root = _shape_name(kind)
    unseen = []
    for name in reachable(SHAPES, root):
        for mutation, change in _mutations(copy.deepcopy(dict(SHAPES[name]))):
            shape = copy.deepcopy(dict(SHAPES[name]))
            change(shape)
            changed = {**SHAPES, name: shape}
            if not list(differences(changed, root, SPEC_OF[kind], STRICTER)):
                unseen.append(f"{name}: {mutation}")
    assert unseen == []
