"""Documents and form values are each other's inverse, whatever a browser does to texts."""

import re
from urllib.parse import parse_qsl, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.console.forms.field import Shape, form_of
from gitmesh.console.forms.values import MOST_VALUES, document_of, form_values
from mesh.canonical import Json, JsonObject
from mesh.keys import Kind
from mesh.resource import Resource, spec_json
from tests.support.spec_strategies import resources

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def sent(values: dict[str, str]) -> list[tuple[str, str]]:
    """Return form values as they arrive: browsers write every line end as CR LF."""
    changed = {name: re.sub(r"\r\n|\r|\n", "\r\n", text) for name, text in values.items()}
    return parse_qsl(urlencode(changed), keep_blank_values=True)


def without_nulls(value: Json) -> Json:
    """Drop fields that are null: they are unset."""
    if isinstance(value, dict):
        return {k: without_nulls(part) for k, part in value.items() if part is not None}
    return value


@settings(max_examples=40, deadline=None)
@given(resources())
def test_a_form_holds_every_valid_spec(resource: Resource) -> None:
    form = form_of(resource.key.kind)
    document: JsonObject = {"spec": spec_json(resource.spec)}
    assert document_of(form, sent(form_values(form, document))) == document


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(Kind)), st.data())
def test_a_form_holds_every_wrong_spec(kind: Kind, data: st.DataObject) -> None:
    form = form_of(kind)
    spec = form.inner("spec")
    assert spec is not None
    names = st.sampled_from([each.name for each in spec.fields]) | TEXTS
    body = data.draw(st.dictionaries(names, JSON, max_size=4))
    again = document_of(form, sent(form_values(form, {"spec": dict(body)})))
    for name, value in body.items():
        field = spec.inner(name)
        if field is None or field.shape not in (Shape.OBJECT, Shape.LIST, Shape.MAP):
            found = again["spec"]
            assert isinstance(found, dict)
            assert found.get(name) == value
    stable = document_of(form, sent(form_values(form, again)))
    assert stable == again


def test_nothing_is_filled_in() -> None:
    for kind in Kind:
        assert document_of(form_of(kind), []) == {}
        assert document_of(form_of(kind), [("spec!", "set")]) == {"spec": {}}


def test_empty_inputs_are_unset_and_texts_that_do_not_fit_are_kept() -> None:
    form = form_of(Kind.VIRTUAL_NODE)
    posted = [
        ("spec.listeners.7.portMapping.port", "80a"),
        ("spec.listeners.7.portMapping.protocol", ""),
        ("spec.listeners.3.portMapping.port", " 8080 "),
        ("spec.backends!", "set"),
    ]
    listeners: list[Json] = [{"portMapping": {"port": 8080}}, {"portMapping": {"port": "80a"}}]
    assert document_of(form, posted) == {"spec": {"listeners": listeners, "backends": []}}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["spec", "listeners", "0", "99999999", "tags", "key", "x", ""]),
                max_size=40,
            ).map(".".join),
            TEXTS | st.just("[" * 5000),
        ),
        max_size=30,
    )
)
def test_hostile_names_do_no_harm(posted: list[tuple[str, str]]) -> None:
    marked = [(f"{name}!", "json") for name, _ in posted]
    found = document_of(form_of(Kind.VIRTUAL_NODE), [*posted, *marked])
    assert document_of(form_of(Kind.VIRTUAL_NODE), [("a.b" * 9000, "x")]) == {}
    assert len(repr(found)) < 1_000_000


def test_only_so_many_values_are_read() -> None:
    posted = ((f"spec.instances.{at}!", "set") for at in range(10**9))
    spec = document_of(form_of(Kind.SERVICE_INSTANCES), posted)["spec"]
    assert isinstance(spec, dict)
    assert isinstance(instances := spec["instances"], list)
    assert len(instances) <= MOST_VALUES
