"""Differences between two meshes as resource events."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from events.types import (
    CommitId,
    FieldChange,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    TrafficShifted,
    WeightChange,
)
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey
from mesh.resource import Resource, spec_json
from reconciler.diff import ResourceEvent, diff, field_changes
from tests.support.meshes import a_node, a_route, shop_mesh, shop_with

COMMIT = CommitId("c" * 40)

Specs = Mapping[ResourceKey, JsonObject]


def specs(*resources: Resource) -> dict[ResourceKey, JsonObject]:
    return {resource.key: spec_json(resource.spec) for resource in resources}


def by_key(*resources: Resource) -> dict[ResourceKey, Resource]:
    return {resource.key: resource for resource in resources}


def changes(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> list[ResourceEvent]:
    return diff(specs(*before), by_key(*after), commit=COMMIT)


def applied(before: Specs, events: list[ResourceEvent]) -> Specs:
    after = dict(before)
    for event in events:
        if isinstance(event, ResourceRemoved):
            del after[event.key]
        else:
            after[event.key] = event.spec
    return after


ROUTES = st.builds(
    a_route,
    st.sampled_from(["cart", "web"]),
    st.sampled_from(["all", "some"]),
    st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(0, 100), min_size=1),
    match=st.sampled_from([{"prefix": "/"}, {"prefix": "/a"}, {"path": {"exact": "/b"}}]),
    priority=st.none() | st.integers(0, 3),
)
NODES = st.builds(a_node, st.sampled_from("abc"), st.integers(1, 5))
MESHES = st.lists(ROUTES | NODES, max_size=8).map(lambda found: by_key(*found))


@settings(deadline=None)
@given(MESHES, MESHES)
def test_applying_a_diff_gives_the_other_mesh(
    one: dict[ResourceKey, Resource], other: dict[ResourceKey, Resource]
) -> None:
    before, after = specs(*one.values()), specs(*other.values())
    events = diff(before, other, commit=COMMIT)

    assert applied(before, events) == after
    assert [event.key for event in events] == sorted({event.key for event in events})


@settings(deadline=None)
@given(MESHES)
def test_a_mesh_does_not_differ_from_itself(mesh: dict[ResourceKey, Resource]) -> None:
    assert diff(specs(*mesh.values()), mesh, commit=COMMIT) == []


@settings(deadline=None)
@given(MESHES, MESHES)
def test_looking_only_at_what_differs_finds_the_same(
    one: dict[ResourceKey, Resource], other: dict[ResourceKey, Resource]
) -> None:
    before = specs(*one.values())
    differing = [k for k in one.keys() | other.keys() if one.get(k) != other.get(k)]
    assert diff(before, other, differing, commit=COMMIT) == diff(before, other, commit=COMMIT)


def test_added_and_removed_resources_are_told_with_their_file() -> None:
    new = a_node("new", 80)
    (gone,) = [r for r in shop_mesh() if r.key.name == "catalog"]
    events = changes(shop_mesh(), shop_with(new, without=[gone.key]))

    assert [type(event) for event in events] == [ResourceRemoved, ResourceAdded]
    assert events[1] == ResourceAdded(new.key, COMMIT, spec_json(new.spec), "virtualNode/new.yaml")


def test_a_change_names_each_field_by_its_path() -> None:
    before, after = a_node("web", 8080), a_node("web", 8081, hostname="web.example")
    (event,) = changes((before,), (after,))

    assert isinstance(event, ResourceChanged)
    assert event.fields == (
        FieldChange("$.listeners[0].portMapping.port", 8080, 8081),
        FieldChange("$.serviceDiscovery.dns.hostname", "web.shop.internal", "web.example"),
    )


def test_other_weights_alone_are_a_shift_of_traffic() -> None:
    (event,) = changes(shop_mesh(v1=100, v2=0), shop_mesh(v1=90, v2=10))

    assert isinstance(event, TrafficShifted)
    assert event.weights == (
        WeightChange("cart-v1", None, 100, 90),
        WeightChange("cart-v2", None, 0, 10),
    )


def test_other_targets_are_a_shift_too_with_zero_where_there_was_none() -> None:
    before = a_route("cart", "all", {"cart-v1": 100, "cart-v2": 50})
    after = a_route("cart", "all", {"cart-v1": 100, "cart-v3": 50})
    (event,) = changes((before,), (after,))

    assert isinstance(event, TrafficShifted)
    assert [(w.virtual_node, w.before, w.after) for w in event.weights] == [
        ("cart-v1", 100, 100),
        ("cart-v2", 50, 0),
        ("cart-v3", 0, 50),
    ]


def test_targets_on_different_ports_are_different_targets() -> None:
    before = a_route("r", "all", [{"virtualNode": "a", "port": 80, "weight": 1}])
    after = a_route("r", "all", [{"virtualNode": "a", "port": 81, "weight": 1}])
    (event,) = changes((before,), (after,))

    assert isinstance(event, TrafficShifted)
    assert [(w.port, w.before, w.after) for w in event.weights] == [(80, 1, 0), (81, 0, 1)]


def test_weights_and_anything_else_are_an_ordinary_change() -> None:
    before = a_route("cart", "all", {"cart-v1": 100})
    (event,) = changes((before,), (a_route("cart", "all", {"cart-v1": 90}, priority=1),))
    assert isinstance(event, ResourceChanged)
    assert [field.where for field in event.fields] == [
        "$.httpRoute.action.weightedTargets[0].weight",
        "$.priority",
    ]


def test_another_order_of_targets_shifts_nothing() -> None:
    before = a_route("cart", "all", {"cart-v1": 1, "cart-v2": 2})
    (event,) = changes((before,), (a_route("cart", "all", {"cart-v2": 2, "cart-v1": 1}),))
    assert isinstance(event, ResourceChanged)


JSON = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, min_size=1, max_size=3)


@settings(deadline=None)
@given(OBJECTS, OBJECTS)
def test_field_changes_turn_one_spec_into_the_other(old: JsonObject, new: JsonObject) -> None:
    found = field_changes(old, new)
    leaves = _leaves("$", old)
    for change in found:
        for path in _leaves(change.where, change.before):
            del leaves[path]
        leaves |= _leaves(change.where, change.after)
    assert leaves == _leaves("$", new)
    assert (found == ()) == (old == new)


def _leaves(where: str, value: Json) -> dict[str, Json]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return {p: v for k, each in value.items() for p, v in _leaves(f"{where}.{k}", each).items()}
    if isinstance(value, list):
        pairs = enumerate(value)
        return {p: v for i, each in pairs for p, v in _leaves(f"{where}[{i}]", each).items()}
    return {where: value}
