"""Every field of every kind has a meaning, and the limits of its model."""

import re
from collections.abc import Iterator

import pytest

from mesh.errors import UsageError
from mesh.keys import Kind
from mesh.meaning import Field, Meaning, field_at, fields_of, kind_of, meanings_of, root_of, walk
from mesh.meaning.table import _TABLE, KINDS
from mesh.spec import SPEC_OF
from mesh.spec.common import Spec


def models() -> set[type[Spec]]:
    every = [root_of(kind) for kind in Kind]
    every += [field for kind in Kind for field in walk(root_of(kind))]
    return {field.model for field in every if field.model is not None}


def said() -> Iterator[Meaning]:
    yield from KINDS.values()
    for model in models():
        yield from meanings_of(model).values()


def test_every_field_has_a_meaning_and_no_meaning_is_of_a_field_that_is_gone() -> None:
    assert models() == _TABLE.keys()
    for model in models():
        assert meanings_of(model).keys() == model.model_fields.keys(), model.__name__
    assert KINDS.keys() == set(Kind)
    assert models() >= set(SPEC_OF.values())


@pytest.mark.parametrize("meaning", sorted(set(said())), ids=lambda each: each.text[:30])
def test_a_meaning_is_whole_sentences_without_what_no_terminal_shows(meaning: Meaning) -> None:
    assert re.fullmatch(r"[A-Z0-9a-z][^\n]*\.", meaning.text)
    assert "  " not in meaning.text
    assert len(meaning.text) <= 260, "say it in fewer words"
    assert not meaning.default.endswith(".")
    assert (meaning.text + meaning.default).isprintable()


def test_what_is_required_has_no_default() -> None:
    every = (field for kind in Kind for field in walk(root_of(kind)))
    wrong = {field.path for field in every if field.required and field.meaning.default}
    assert wrong == set()


@pytest.mark.parametrize(
    ("kind", "path", "type_name", "limits", "choices"),
    [
        (Kind.ROUTE, "spec.priority", "whole number", ("0 to 1,000",), ()),
        (Kind.ROUTE, "httpRoute.match.scheme", "text", (), ("http", "https")),
        (
            Kind.ROUTE,
            "spec.httpRoute.action.weightedTargets",
            "list of objects",
            ("1 to 10 items",),
            (),
        ),
        (
            Kind.ROUTE,
            "httpRoute.action.weightedTargets[0].weight",
            "whole number",
            ("0 to 100",),
            (),
        ),
        (Kind.VIRTUAL_NODE, "listeners.tls.mode", "text", (), ("STRICT", "PERMISSIVE", "DISABLED")),
        (Kind.VIRTUAL_NODE, "logging.accessLog.file.format.json", "list of objects", (), ()),
        (Kind.VIRTUAL_NODE, "backendDefaults.clientPolicy.tls.enforce", "true or false", (), ()),
        (
            Kind.VIRTUAL_NODE,
            "serviceDiscovery.awsCloudMap.attributes.key",
            "text",
            ("1 to 255 characters", "matches ^[a-zA-Z0-9!-~]+$"),
            (),
        ),
        (
            Kind.SERVICE_INSTANCES,
            "instances.attributes",
            "map of text",
            ("at most 30 entries", "each value at most 1,024 characters"),
            (),
        ),
    ],
)
def test_types_limits_and_choices_are_those_of_the_models(
    kind: Kind, path: str, type_name: str, limits: tuple[str, ...], choices: tuple[str, ...]
) -> None:
    found = field_at(kind, path)
    assert (found.type_name, found.limits, found.choices) == (type_name, limits, choices)


def test_unions_say_that_exactly_one_is_to_be_set() -> None:
    assert root_of(Kind.ROUTE).one_of == ("grpcRoute", "http2Route", "httpRoute", "tcpRoute")
    assert field_at(Kind.VIRTUAL_NODE, "serviceDiscovery").one_of == ("awsCloudMap", "dns")
    assert field_at(Kind.MESH, "egressFilter").one_of == ()


def test_the_path_of_every_field_leads_to_it() -> None:
    def same(one: Field, other: Field) -> bool:
        return one == other and list(fields_of(one)) == list(fields_of(other))

    for kind in Kind:
        assert all(same(field_at(kind, each.path), each) for each in walk(root_of(kind)))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("route", Kind.ROUTE),
        ("Route", Kind.ROUTE),
        ("routes", Kind.ROUTE),
        ("virtualNode", Kind.VIRTUAL_NODE),
        ("node", Kind.VIRTUAL_NODE),
        ("gateway-route", Kind.GATEWAY_ROUTE),
        ("gateway", Kind.VIRTUAL_GATEWAY),
        ("SERVICE", Kind.VIRTUAL_SERVICE),
        ("meshes", Kind.MESH),
        ("service_instances", Kind.SERVICE_INSTANCES),
    ],
)
def test_kinds_are_known_by_their_short_names(word: str, kind: Kind) -> None:
    assert kind_of(word) is kind


@pytest.mark.parametrize("word", ["", "nod", "pod", "spec"])
def test_what_is_no_kind_is_refused_with_those_there_are(word: str) -> None:
    with pytest.raises(UsageError, match="there is no kind") as caught:
        kind_of(word)
    assert "the kinds are Mesh, VirtualService" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("spec.httpRoute.mach", 'did you mean "match"? it has action, match'),
        ("spec.priority.x", "it is whole number"),
        ("zzz", "it has grpcRoute, http2Route"),
    ],
)
def test_what_is_no_field_is_refused_with_those_there_are(path: str, hint: str) -> None:
    with pytest.raises(UsageError, match="has no field") as caught:
        field_at(Kind.ROUTE, path)
    assert hint in caught.value.hint
