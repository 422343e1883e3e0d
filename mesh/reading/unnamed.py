"""Validation of single files: specs without names, and references that are not followed."""

from dataclasses import dataclass, replace

from mesh.keys import Kind
from mesh.parsing.document import DEFAULT_LIMITS, Document, Limits
from mesh.parsing.identity import identify, name_fields
from mesh.parsing.inference import kinds_of
from mesh.problems.problem import Problem
from mesh.reading.forms import ResourceReading
from mesh.reading.native import read_document, read_resources
from mesh.reading.spec_file import with_spec

_STAND_IN = "unnamed"


@dataclass(frozen=True, slots=True)
class Bare:
    """A spec without names, as in files for ``aws appmesh … --cli-input-json``."""

    path: str
    line: int
    kind: Kind | None
    """Kind of the spec; None if its fields fit several kinds, or no kind."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Result of validating one file by itself: references to other resources are not checked."""

    resources: int
    problems: tuple[Problem, ...]
    bare: tuple[Bare, ...] = ()


def read_alone(
    path: str, blob: bytes, kind: Kind | None = None, limits: Limits = DEFAULT_LIMITS
) -> Alone:
    """Validate every document of a file by itself. Never raises.

    Missing names are allowed. The kind of a spec without names is inferred from its fields, else it
    is ``kind``. If both leave it open, the only problem asks for the kind.
    """
    bare: list[Bare] = []

    def read(document: Document) -> ResourceReading:
        document = with_spec(document)
        if document.body.keys() != {"spec"}:
            return read_document(_complete(document))
        kinds = kinds_of(document.body["spec"])
        meant = kinds[0] if len(kinds) == 1 else kind
        bare.append(Bare(path, document.source.line(("spec",)), meant))
        if meant is None:
            return ResourceReading(problems=(_question(document, kinds),))
        return read_document(_named(document, meant))

    reading = read_resources(path, blob, limits, read)
    resources = len(reading.resources) + sum(len(m.drafts) for m in reading.manifests)
    return Alone(resources, reading.problems, tuple(bare))


def _complete(document: Document) -> Document:
    """Return a document in native form with placeholder names, if its kind is known."""
    body = document.body
    if "spec" not in body or "apiVersion" in body:
        return document
    kind = identify(document).kind
    return _named(document, kind) if kind is not None else document


def _named(document: Document, kind: Kind) -> Document:
    names = dict.fromkeys(name_fields(kind), _STAND_IN)
    return replace(document, body={**names, **document.body})


def _question(document: Document, kinds: tuple[Kind, ...]) -> Problem:
    if kinds:
        what = f"is this a {' or a '.join(kinds)}? a spec with only listeners fits both"
    else:
        what = "the kind of this spec is unknown: its fields do not show it"
    hint = f"give it with --kind {kinds[0] if kinds else 'VirtualNode'}, or add names to the file"
    return document.source.problem(("spec",), "ambiguous-spec", what, hint=hint)
