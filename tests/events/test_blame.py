"""Blame finds the version that gave a field its value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.blame import Blamed, Version, blame, within
from events.types import CommitId, Seq
from mesh.canonical import JsonObject


def versions(*specs: JsonObject | None) -> list[Version]:
    """Return versions, oldest first as they are given, newest first as they are asked for."""
    return [Version(Seq(n), CommitId(f"c{n}"), s) for n, s in enumerate(specs, 1)][::-1]


def who(*specs: JsonObject | None) -> dict[str, tuple[str, Any]]:
    return {b.field: (b.commit, b.before) for b in blame(versions(*specs))}


def route(*targets: tuple[str, int], **more: Any) -> JsonObject:
    weighted = [{"virtualNode": node, "weight": weight} for node, weight in targets]
    return {"httpRoute": {"action": {"weightedTargets": weighted}, **more}}  # type: ignore[dict-item]


WEIGHT = "httpRoute.action.weightedTargets[{}].weight"


def test_what_was_never_changed_is_the_first_versions() -> None:
    assert who({"a": 1, "b": {"c": 2}}) == {"a": ("c1", None), "b.c": ("c1", None)}


def test_each_field_is_blamed_on_the_version_that_gave_it_this_value() -> None:
    assert who({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 3}) == {
        "a": ("c2", 1),
        "b": ("c3", 1),
    }


def test_a_value_that_came_back_is_blamed_on_who_brought_it_back() -> None:
    assert who({"a": 1}, {"a": 2}, {"a": 1}) == {"a": ("c3", 2)}


def test_a_target_that_moves_in_its_list_is_the_same_target() -> None:
    before = route(("v1", 90), ("v2", 10))
    after = route(("v0", 5), ("v2", 10), ("v1", 85))
    found = who(before, after)
    assert found[WEIGHT.format("v2")] == ("c1", None)
    assert found[WEIGHT.format("v1")] == ("c2", 90)
    assert found[WEIGHT.format("v0")] == ("c2", None)


def test_listeners_are_known_by_their_ports_and_backends_by_their_services() -> None:
    def node(idle: int, *services: str) -> JsonObject:
        listener = {"portMapping": {"port": 8080, "protocol": "http"}, "idle": idle}
        backends = [{"virtualService": {"virtualServiceName": name}} for name in services]
        return {"listeners": [listener], "backends": backends}  # type: ignore[dict-item, list-item]

    found = who(node(1, "a", "b"), node(2, "b", "c", "a"))
    assert found["listeners[8080].idle"] == ("c2", 1)
    assert found["listeners[8080].portMapping.protocol"] == ("c1", None)
    assert found["backends[a].virtualService.virtualServiceName"] == ("c1", None)
    assert found["backends[c].virtualService.virtualServiceName"] == ("c2", None)


def test_a_list_whose_items_have_no_names_goes_by_position() -> None:
    assert who({"a": [1, 2]}, {"a": [1, 3]}) == {"a[0]": ("c1", None), "a[1]": ("c2", 2)}


def test_a_resource_that_was_gone_begins_anew() -> None:
    assert who({"a": 1}, None, {"a": 1}) == {"a": ("c3", None)}


def test_what_is_gone_is_blamed_on_nobody() -> None:
    assert blame(versions({"a": 1}, None)) == ()
    assert blame([]) == ()


def test_an_empty_object_is_a_value() -> None:
    assert who({"a": {}}, {"a": {}, "b": {}}) == {"a": ("c1", None), "b": ("c2", None)}


SPECS = st.recursive(
    st.integers(0, 2) | st.sampled_from(["x", "y"]),
    lambda inner: (
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2) | st.lists(inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), SPECS, max_size=3) | st.none(), max_size=6))
def test_a_field_had_another_value_before_its_blame_and_this_one_ever_since(
    specs: list[JsonObject | None],
) -> None:
    found = blame(versions(*specs))
    if specs and specs[-1]:
        assert {b.field for b in found} == set(who(specs[-1]))
    for each in found:
        at = int(each.commit[1:])
        for later in range(at, len(specs) + 1):
            assert _value(specs[later - 1], each) == each.value
        if at > 1 and specs[at - 2] is not None:
            assert _value(specs[at - 2], each) != each.value


def _value(spec: JsonObject | None, blamed: Blamed) -> object:
    values = {b.field: b.value for b in blame([Version(Seq(1), CommitId("c"), spec)])}
    return values.get(blamed.field, "absent")


@pytest.mark.parametrize(
    ("field", "wanted", "inside"),
    [
        ("a.b", "", True),
        ("a.b", "a", True),
        ("a[x].b", "a", True),
        ("a[x].b", "a[x]", True),
        ("ab", "a", False),
        ("a", "a.b", False),
    ],
)
def test_a_field_is_within_what_holds_it(field: str, wanted: str, inside: bool) -> None:
    assert within(field, wanted) is inside
