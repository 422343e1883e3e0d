"""Documents taken alone: a spec needs no names to be checked, only to be known by others."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mesh.document import DEFAULT_LIMITS, Document, Limits, read_documents
from mesh.inference import kinds_of
from mesh.keys import Kind
from mesh.native import read_document, read_resources
from mesh.problem import Problem

_STAND_IN = "unnamed"


@dataclass(frozen=True, slots=True)
class Bare:
    """A spec without names, as files for ``aws appmesh … --cli-input-json`` hold it."""

    path: str
    line: int
    kind: Kind | None
    """None where the shape fits several kinds, or none."""


@dataclass(frozen=True, slots=True)
class Alone:
    """What a file holds by itself: names of other resources lead nowhere, and nobody minds."""

    resources: int
    problems: tuple[Problem, ...]
    bare: tuple[Bare, ...] = ()


def read_alone(
    path: str, blob: bytes, kind: Kind | None = None, limits: Limits = DEFAULT_LIMITS
) -> Alone:
    """Check every document of a file by itself. Never raises.

    A bare spec is checked as the kind that its shape tells; where it tells none, as ``kind``, and
    where that is not given either, the one problem is a question.
    """
    reading = read_resources(path, blob, limits)
    problems = list(reading.problems)
    resources = len(reading.resources) + sum(len(m.drafts) for m in reading.manifests)
    bare: list[Bare] = []
    for document in _bare(path, blob, limits):
        there = document.source.problem(("spec",), "missing-name", "")
        problems = [p for p in problems if not _is_question(p, there)]
        meant, found = _read_bare(document, kind)
        bare.append(Bare(path, there.line, meant))
        problems += found
        resources += meant is not None
    return Alone(resources, tuple(sorted(problems)), tuple(bare))


def _bare(path: str, blob: bytes, limits: Limits) -> Iterator[Document]:
    for document in read_documents(path, blob, limits).documents:
        if document.body.keys() == {"spec"}:
            yield document


def _is_question(problem: Problem, there: Problem) -> bool:
    """Tell whether a problem says only that the spec at this place has no names."""
    same = (problem.code, problem.line, problem.where) == (there.code, there.line, there.where)
    return same and problem.path == there.path


def _read_bare(document: Document, kind: Kind | None) -> tuple[Kind | None, list[Problem]]:
    kinds = kinds_of(document.body["spec"])
    if len(kinds) != 1 and kind is None:
        return None, [_question(document, kinds)]
    meant = kinds[0] if len(kinds) == 1 else kind
    assert meant is not None  # noqa: S101 -- one of the two is there
    names = {meant.name_field: _STAND_IN, "meshName": _STAND_IN}
    if meant.parent is not None:
        names[meant.parent.name_field] = _STAND_IN
    return meant, list(read_document(replace(document, body={**names, **document.body})).problems)


def _question(document: Document, kinds: tuple[Kind, ...]) -> Problem:
    if kinds:
        what = f"is this a {' or a '.join(kinds)}? a spec with listeners and no more fits both"
    else:
        what = "of which kind is this spec? nothing in it tells"
    hint = f"say it with --kind {kinds[0] if kinds else 'VirtualNode'}, or add names to the file"
    return document.source.problem(("spec",), "ambiguous-spec", what, hint=hint)
