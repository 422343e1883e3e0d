"""Identity of a native document: its kind and key, from its fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey
from mesh.parsing.document import Document, narrowed
from mesh.parsing.foreign_output import recognised
from mesh.parsing.inference import kinds_of
from mesh.parsing.placeholders import placeholder_in
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean

MAX_NAME: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NAME_FIELDS: Final = {kind.name_field: kind for kind in Kind}
_WRAPPERS: Final = {kind.segment: kind for kind in APP_MESH_KINDS}
_BESIDE: Final = frozenset({"kind", "spec", "tags", "clientToken", "meshOwner"})
"""Fields of an API input document besides its names. Only ``kind`` and ``spec`` are used here: tags
are for the API (:mod:`mesh.reading.tags`), tokens belong to one request, owners to AWS accounts."""
_ANSWERED: Final = frozenset({"metadata", "status"})
"""Fields that an API answer adds."""
_INFERENCE_ORDER: Final = tuple(
    (kind.name_field, kind)
    for kind in (
        *(Kind.ROUTE, Kind.GATEWAY_ROUTE, Kind.VIRTUAL_NODE, Kind.VIRTUAL_SERVICE),
        *(Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_GATEWAY, Kind.MESH),
    )
)
"""A document describes the innermost resource that it names: routes name their router, too."""

_OF_INSTANCES: Final = frozenset({"namespaceName", "serviceName"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of a document; ``kind`` and ``key`` are None if the document does not give them."""

    document: Document
    """The document; without its wrapper if it was a ``describe-*`` answer."""
    kind: Kind | None
    key: ResourceKey | None
    problems: tuple[Problem, ...]


@cache
def name_fields(kind: Kind) -> tuple[str, ...]:
    """Return the fields that name a resource of this kind, outermost first."""
    if kind is Kind.MESH:
        return (kind.name_field,)
    parent = (f"{kind.within}Name",) if kind.within else ()
    return (Kind.MESH.name_field, *parent, kind.name_field)


def identify(document: Document) -> Identity:
    """Return the identity of a native document, or the problems that prevent it."""
    document, wrapped = _unwrap(document)
    body = document.body
    named = _kind_named(body)
    kind, problems = _kind(document, wrapped, named)
    if kind is None:
        return Identity(document, None, None, problems)
    own = name_fields(kind)[-1]
    if own not in body and named not in (None, Kind.MESH, kind, kind.parent):
        problem = document.source.problem(
            ("kind",),
            "kind-mismatch",
            f"kind is {kind}, but the names are those of a {named}",
            hint=f"a {kind} has {_listed(name_fields(kind))}",
        )
        return Identity(document, None, None, (problem,))
    found = [*_name_problems(document, kind), *_field_problems(document, kind)]
    names = [body.get(field) for field in name_fields(kind)]
    return Identity(document, kind, None if found else _key(kind, names), tuple(found))


def _unwrap(document: Document) -> tuple[Document, Kind | None]:
    """Remove the ``{"route": {…}}`` wrapper that ``aws appmesh describe-route`` prints."""
    inner = [key for key in document.body if key != "ResponseMetadata"]
    if len(inner) != 1 or inner[0] not in _WRAPPERS:
        return document, None
    body = document.body[inner[0]]
    if not isinstance(body, dict):
        return document, None
    return Document(body, narrowed(document.source, (inner[0],))), _WRAPPERS[inner[0]]


def _kind_named(body: JsonObject) -> Kind | None:
    # Files of other programs often have a serviceName.
    if body.keys() >= _OF_INSTANCES:
        return Kind.SERVICE_INSTANCES
    return next((kind for field, kind in _INFERENCE_ORDER if field in body), None)


def _kind(
    document: Document, wrapped: Kind | None, named: Kind | None
) -> tuple[Kind | None, tuple[Problem, ...]]:
    said = document.body.get("kind")
    if said is None and (wrapped or named):
        return wrapped or named, ()
    if said is None:
        return None, (_nameless(document),)
    if isinstance(said, str) and said in list(Kind):
        return Kind(said), ()
    if not named and ("spec" not in document.body or "apiVersion" in document.body):
        return None, (_not_a_resource(document),)
    problem = document.source.problem(
        ("kind",),
        "unknown-kind",
        f"there is no kind {said!r}",
        hint=did_you_mean(str(said), list(Kind)) or f"the kinds are {_listed(list(Kind))}",
    )
    return None, (problem,)


def _nameless(document: Document) -> Problem:
    if "spec" not in document.body:
        return _not_a_resource(document)
    kinds = kinds_of(document.body["spec"])
    if len(kinds) == 1:
        hint = f"it looks like a {kinds[0]}: add {_listed(name_fields(kinds[0]))}"
    elif kinds:
        hint = "it could be " + " or ".join(
            f"a {kind} (add {_listed(name_fields(kind))})" for kind in kinds
        )
    else:
        hint = "add meshName and the resource's own name, such as virtualRouterName or routeName"
    return document.source.problem(
        ("spec",),
        "missing-name",
        "the document is a spec without the names of its resource",
        hint=hint,
    )


def _not_a_resource(document: Document) -> Problem:
    known = recognised(document.body)
    message = known.message if known else "this is not an App Mesh resource"
    hint = "keep other files apart: narrow root, or add to ignore, in gitmesh.yaml"
    return document.source.problem(
        (), "not-a-resource", message, hint=known.hint if known else hint
    )


def _name_problems(document: Document, kind: Kind) -> Iterator[Problem]:
    for field in name_fields(kind):
        if document.body.get(field) is None:
            yield document.source.problem(
                (),
                "missing-name",
                f"a {kind} needs {field}",
                hint=f"its names are {_listed(name_fields(kind))}",
            )
            continue
        yield from _bad_name(document, field, document.body[field])


def _bad_name(document: Document, field: str, name: Json) -> Iterator[Problem]:
    source = document.source
    if isinstance(name, bool | int):
        text = str(name).lower()
        yield source.problem(
            (field,), "wrong-type", f"{field} must be text", hint=f'quote it: "{text}"'
        )
    elif not isinstance(name, str):
        yield source.problem((field,), "wrong-type", f"{field} must be text")
    elif not 1 <= len(name) <= MAX_NAME:
        message = f"{field} has {len(name)} characters; a name has 1 to {MAX_NAME}"
        yield source.problem((field,), "wrong-length", message)
    elif _CONTROL.search(name):
        yield source.problem(
            (field,), "control-character", f"{field} contains a control character: {name!r}"
        )
    elif template := placeholder_in(name, (field,), source):
        yield template


def _field_problems(document: Document, kind: Kind) -> Iterator[Problem]:
    own = name_fields(kind)
    known = {*own, *_BESIDE, *_ANSWERED}
    for field in document.body:
        if field in known:
            continue
        if field in _NAME_FIELDS:
            yield document.source.problem(
                (field,),
                "wrong-name",
                f"a {kind} has no {field}",
                hint=f"its names are {_listed(own)}",
            )
            continue
        yield document.source.problem(
            (field,),
            "unknown-field",
            f'a {kind} has no field "{field}"',
            hint=did_you_mean(field, {*own, *_BESIDE})
            or (f"besides its spec, it has {_listed(own)}"),
        )


def _key(kind: Kind, names: list[Json]) -> ResourceKey | None:
    texts = [str(name) for name in names]
    if kind is Kind.MESH:
        return ResourceKey.of_mesh(texts[0])
    parent = texts[1] if kind.within else ""
    return ResourceKey.of(kind, texts[0], texts[-1], parent)


def _listed(words: tuple[str, ...] | list[Kind]) -> str:
    *first, last = [str(word) for word in words]
    return f"{', '.join(first)} and {last}" if first else last
