"""Merges of two edits of one document: nothing is lost in silence."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.console.forms.merge import Collision, Side, merged
from mesh.canonical import Json, JsonObject
from mesh.resource import spec_json
from tests.support.meshes import a_route

NAMES = st.sampled_from(["a", "b", "value", "unit", "name"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.integers(0, 2) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_the_only_edit_is_kept(base: JsonObject, edited: JsonObject) -> None:
    assert merged(base, base, edited).document == edited
    assert merged(base, edited, base).document == edited
    assert merged(base, edited, edited).document == edited
    for theirs, mine in ((base, edited), (edited, base), (edited, edited)):
        assert merged(base, theirs, mine).open == ()


def part(document: Json, steps: tuple[str | int, ...]) -> Json:
    for step in steps:
        if isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        elif isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        else:
            return None
    return document


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_what_both_changed_is_asked_and_both_are_shown(
    base: JsonObject, theirs: JsonObject, mine: JsonObject
) -> None:
    before = deepcopy((base, theirs, mine))
    found = merged(base, theirs, mine)
    assert (base, theirs, mine) == before
    for each in found.open:
        assert each.theirs == part(theirs, each.steps)
        assert each.mine == part(mine, each.steps)
        assert each.theirs not in (each.mine, each.base)
        assert each.mine != each.base
    for steps in found.taken:
        assert part(mine, steps) == part(base, steps) != part(theirs, steps)
        assert part(found.document, steps) == part(theirs, steps)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_sides_are_alike(base: JsonObject, theirs: JsonObject, mine: JsonObject) -> None:
    one, other = merged(base, theirs, mine), merged(base, mine, theirs)
    places = {each.steps for each in one.open}
    assert places == {each.steps for each in other.open}
    all_theirs = merged(base, theirs, mine, dict.fromkeys(places, Side.THEIRS))
    assert all_theirs.open == ()
    assert all_theirs.document == other.document
    assert {each.steps for each in all_theirs.decided} == places


def test_different_fields_of_a_resource_merge() -> None:
    base = spec_json(a_route("cart", "all", {"v1": 90, "v2": 10}).spec)
    theirs, mine = deepcopy(base), deepcopy(base)
    theirs["priority"] = 5
    route = mine["httpRoute"]
    assert isinstance(route, dict)
    route["action"] = {"weightedTargets": [{"virtualNode": "v1", "weight": 50}]}
    found = merged(base, theirs, mine)
    assert found.document == {**mine, "priority": 5}
    assert (found.open, found.taken) == ((), (("priority",),))


def test_parts_that_mean_something_together_are_not_mixed() -> None:
    base: JsonObject = {"idle": {"value": 5, "unit": "s"}}
    theirs: JsonObject = {"idle": {"value": 10, "unit": "s"}}
    mine: JsonObject = {"idle": {"value": 5, "unit": "ms"}}
    [found] = merged(base, theirs, mine).open
    assert found == Collision(("idle",), base["idle"], theirs["idle"], mine["idle"])


def test_an_item_that_became_another_is_not_mixed() -> None:
    base: JsonObject = {
        "t": [{"virtualNode": "a", "weight": 90}, {"virtualNode": "b", "weight": 1}]
    }
    theirs: JsonObject = {
        "t": [{"virtualNode": "c", "weight": 90}, {"virtualNode": "b", "weight": 1}]
    }
    mine: JsonObject = {
        "t": [{"virtualNode": "a", "weight": 50}, {"virtualNode": "b", "weight": 1}]
    }
    assert [each.steps for each in merged(base, theirs, mine).open] == [("t",)]
