"""Drafts: the converted spec of one resource, validated by App Mesh's models and rules."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.objects import Draft
from mesh.kubernetes.spelling import Spelling
from mesh.parsing.spec_problems import known_fields, spec_problems
from mesh.problems.problem import Problem, Severity
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Resource, Source, Steps, spec_from_json
from mesh.spec import ResourceSpec
from mesh.validation.document import check

_UNNAMED: Final = "unnamed"


def draft(
    kind: Kind,
    name: str,
    body: JsonObject,
    spelling: Spelling,
    places: Mapping[Steps, Steps],
    parent: str = "",
) -> tuple[Draft, list[Problem]]:
    """Return the draft of a resource, and all problems that the draft has without other objects.

    ``body`` is the spec as :class:`Spelling` converted it; ``places`` has the positions of its
    names.
    """
    found = spelling.source
    source = Source(found.path, found.lines, {**places, **spelling.places})
    key = _provisional(kind, name, parent)
    spec, problems = _spec(key, body, source, spelling)
    # An unreadable reference has a placeholder, which must cause no further problems.
    problems += check(Resource(key, spec, source)) if spec is not None else []
    made = Draft(kind, name, parent, spec, source, tuple(spelling.names))
    return (replace(made, spec=None) if spelling.problems else made), problems


def _provisional(kind: Kind, name: str, parent: str) -> ResourceKey:
    parent = (parent or _UNNAMED) if kind.parent else ""
    return ResourceKey(_UNNAMED, kind, parent, name)


def _spec(
    key: ResourceKey, body: JsonObject, source: Source, spelling: Spelling
) -> tuple[ResourceSpec | None, list[Problem]]:
    try:
        return spec_from_json(key, body), []
    except ValidationError as error:
        unknown = [d["loc"] for d in error.errors() if d["type"] == "extra_forbidden"]
        told = spec_problems(error, key.kind, source)
    if not unknown:
        return None, told
    ignored = [
        _ignored(problem, _known(key.kind, place, spelling))
        for problem, place in zip(
            (each for each in told if each.code == "unknown-field"), unknown, strict=False
        )
    ]
    for place in unknown:
        _remove(body, place)
    try:
        return spec_from_json(key, body), ignored
    except ValidationError as error:
        return None, [*ignored, *spec_problems(error, key.kind, source)]


def _known(kind: Kind, place: Steps, spelling: Spelling) -> list[str]:
    """Return the fields that a manifest may have in the place of an unknown one."""
    return spelling.names_at(known_fields(kind, place), at_top=len(place) == 1)


def _ignored(problem: Problem, known: list[str]) -> Problem:
    # Kubernetes removes fields that the definition lacks, so manifests in use contain such fields.
    name = problem.where.rpartition(".")[2]
    return replace(
        problem,
        code="ignored-field",
        message=f'there is no field "{name}" here; gitmesh ignores it, like Kubernetes',
        hint=did_you_mean(name, known) or f"known here: {', '.join(known)}",
        severity=Severity.WARNING,
    )


def _remove(body: Json, place: Steps) -> None:
    holder = part_of(body, place[:-1])
    if isinstance(holder, dict):
        holder.pop(str(place[-1]), None)


def part_of(body: Json, steps: Steps) -> Json:
    """Return the part of a value at a path, or None if the path does not exist."""
    for step in steps:
        if isinstance(body, dict):
            body = body.get(str(step))
        elif isinstance(body, list) and isinstance(step, int):
            body = body[step]
        else:
            return None
    return body
