"""Entry point for every spec: reads the bytes of one file into typed resources.

The native form is the App Mesh API's own input document with an optional ``kind``: ``{kind: Route,
meshName: shop, virtualRouterName: cart, routeName: all, spec: {…}}``.
"""

from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.objects import Manifest
from mesh.parsing.document import DEFAULT_LIMITS, Document, Limits, read_documents
from mesh.parsing.identity import Identity, identify, name_fields
from mesh.parsing.placeholders import without_placeholders
from mesh.parsing.spec_problems import spec_problems
from mesh.problems.problem import Problem
from mesh.reading.forms import CLOUDFORMATION, KUBERNETES, ROUTE_TESTS, Form, ResourceReading
from mesh.resource import Resource, spec_from_json, spec_json
from mesh.route_tests.suite import RouteTests
from mesh.validation.document import check

__all__ = [
    "FORMS",
    "NATIVE",
    "ResourceReading",
    "native_document",
    "read_document",
    "read_resources",
]

MAX_PROBLEMS: Final = 200
"""Maximum number of problems reported for one file; further problems are only counted."""


Reader = Callable[[Document], ResourceReading]


def read_resources(
    path: str, blob: bytes, limits: Limits = DEFAULT_LIMITS, read: Reader | None = None
) -> ResourceReading:
    """Read every resource of a file, in any format. Never raises.

    The problems are sorted, and include every kind that a single document can have; linking checks
    references between documents. A file with a problem of severity error must not be applied.
    ``read`` replaces
    :func:`read_document`.
    """
    reading = read_documents(path, blob, limits)
    resources: list[Resource] = []
    problems = without_placeholders(path, blob, reading.problems)
    unread: list[ResourceKey] = []
    manifests: list[Manifest] = []
    tests: list[RouteTests] = []
    for document in reading.documents:
        found = (read or read_document)(document)
        resources += found.resources
        problems += found.problems
        unread += found.unread
        manifests += found.manifests
        tests += found.tests
    bounded = _bounded(path, problems)
    return ResourceReading(tuple(resources), bounded, tuple(unread), tuple(manifests), tuple(tests))


def read_document(document: Document) -> ResourceReading:
    """Read the resources of one document, in any format. Never raises."""
    form = next(form for form in FORMS if form.recognises(document.body))
    return form.read(document)


def native_document(resource: Resource) -> JsonObject:
    """Return the native document of a resource; reading it gives the same resource."""
    key = resource.key
    names: tuple[str, ...] = (key.mesh,)
    if key.kind is not Kind.MESH:
        names = (key.mesh, key.parent, key.name) if key.parent else (key.mesh, key.name)
    named = dict(zip(name_fields(key.kind), names, strict=True))
    return {"kind": key.kind.value, **named, "spec": spec_json(resource.spec)}


def _bounded(path: str, problems: list[Problem]) -> tuple[Problem, ...]:
    problems = sorted(problems)
    if len(problems) <= MAX_PROBLEMS:
        return tuple(problems)
    rest = Problem(
        path,
        0,
        "$",
        "more-problems",
        f"{len(problems) - MAX_PROBLEMS} more problems in this file",
        "correct the first ones; this may remove the others, too",
    )
    return (*problems[:MAX_PROBLEMS], rest)


def _read_native(document: Document) -> ResourceReading:
    identity = identify(document)
    if identity.kind is None:
        return ResourceReading(problems=identity.problems)
    resource, problems = _validate(identity, identity.kind)
    problems = [*identity.problems, *problems]
    if resource is None:
        unread = (identity.key,) if identity.key else ()
        return ResourceReading(problems=tuple(problems), unread=unread)
    return ResourceReading((resource,), (*problems, *check(resource)))


def _validate(identity: Identity, kind: Kind) -> tuple[Resource | None, list[Problem]]:
    source = identity.document.source
    body = identity.document.body.get("spec")
    if body is None and kind is Kind.MESH:
        body = {}
    if body is None:
        return None, [source.problem(("spec",), "missing-field", f"a {kind} needs a spec")]
    if not isinstance(body, dict):
        return None, [source.problem(("spec",), "wrong-type", "spec must be an object")]
    # Validate the document even if its names are wrong, to report all problems at once.
    key = identity.key or ResourceKey("", kind, "", "")
    try:
        spec = spec_from_json(key, body)
    except ValidationError as error:
        return None, spec_problems(error, kind, source)
    return (Resource(key, spec, source), []) if identity.key else (None, [])


NATIVE: Final = Form("native", lambda _: True, _read_native)

FORMS: Final[tuple[Form, ...]] = (KUBERNETES, CLOUDFORMATION, ROUTE_TESTS, NATIVE)
"""Every format, tried in this order; the native format is last and accepts the rest."""
