"""The form of each kind has every field of its models, with its meaning."""

from collections.abc import Iterator

import pytest

from gitmesh.console.forms.field import FormField, Shape, form_of
from mesh.keys import Kind
from mesh.meaning import Field, root_of, walk


def shown(field: FormField) -> Iterator[FormField]:
    """Yield all fields of a form; a list stands for its items, too."""
    for inner in (*field.fields, *(field.item.fields if field.item else ())):
        yield inner
        yield from shown(inner)


@pytest.mark.parametrize("kind", Kind)
def test_no_field_is_forgotten(kind: Kind) -> None:
    spec = form_of(kind).inner("spec")
    assert spec is not None
    of_form = {each.path: each for each in shown(spec)}
    of_models: dict[str, Field] = {each.path: each for each in walk(root_of(kind))}
    assert of_form.keys() == of_models.keys()
    for path, field in of_models.items():
        found = of_form[path]
        assert found.meaning == field.meaning.text
        assert found.default == field.meaning.default
        assert found.required == field.required
        inside = found.item or found
        assert inside.choices == field.choices
        assert inside.one_of == field.one_of
        assert {each.name for each in inside.fields} == {
            each.name for each in walk(field) if each.path.rpartition(".")[0] == path
        }
        limits = [*found.limits, *(inside.limits if found.item else ())]
        assert len(limits) == len(field.limits)


def test_the_constraint_is_told() -> None:
    spec = form_of(Kind.VIRTUAL_NODE).inner("spec")
    assert spec is not None
    found = {each.path: each for each in shown(spec)}
    assert found["spec.listeners.portMapping.port"].constraint == "whole number, 1 to 65,535"
    assert "one of http, tcp" in found["spec.listeners.portMapping.protocol"].constraint
    assert found["spec.listeners"].shape is Shape.LIST
    assert found["spec.listeners.portMapping"].label == "Port mapping"
    assert found["spec.serviceDiscovery"].one_of == ("awsCloudMap", "dns")
