"""The metadata of a manifest: name, labels and selectors, with their problems."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind
from mesh.kubernetes.objects import BACKEND_GROUP, NAMESPACE, ObjectId, Requirement, Selector
from mesh.kubernetes.spelling import default_name, namespace_of
from mesh.parsing.document import Document
from mesh.parsing.identity import MAX_NAME
from mesh.problems.problem import Problem, Severity
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Source, Steps

_CLUSTER_WIDE: Final = frozenset({Kind.MESH, NAMESPACE})
_TOP: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(slots=True)
class Header:
    """Identity of the object that a manifest describes."""

    id: ObjectId | None
    """None if the metadata do not name it."""
    aws_name: str
    name_place: Steps
    """Position of ``aws_name``."""
    labels: tuple[tuple[str, str], ...]
    spec: JsonObject
    source: Source
    problems: list[Problem] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """Return the namespace of references that name no namespace."""
        return self.id.namespace if self.id is not None else ""

    def note(self, steps: Steps, code: str, message: str, hint: str = "") -> None:
        """Record an error."""
        self.problems.append(self.source.problem(steps, code, message, hint=hint))

    def places(self, kind: Kind) -> dict[Steps, Steps]:
        """Return the positions of the names of the resource that the object defines."""
        metadata: Steps = ("metadata", "namespace")
        mesh = ("spec", "meshRef") if "meshRef" in self.spec else metadata
        if "meshName" in self.spec:
            mesh = ("spec", "meshName")
        places: dict[Steps, Steps] = {("meshName",): mesh}
        if kind.parent is not None:
            places[(kind.parent.name_field,)] = ("spec", "virtualGatewayRef")
        return {**places, (kind.name_field,): self.name_place}


def read_header(document: Document, kind: str) -> Header:
    """Read the metadata of any object. Problems are recorded in the header."""
    source = document.source
    metadata = document.body.get("metadata")
    spec = document.body.get("spec")
    header = Header(None, "", ("metadata", "name"), (), {}, source)
    if isinstance(spec, dict):
        header.spec = spec
    elif spec is not None:
        header.note(("spec",), "wrong-type", "spec must be an object")
    elif kind not in _CLUSTER_WIDE | {BACKEND_GROUP, Kind.VIRTUAL_SERVICE}:
        header.note(("spec",), "missing-field", f"a {kind} needs a spec")
    for key in document.body.keys() - _TOP:
        header.problems.append(_ignored(source, key))
    if not isinstance(metadata, dict):
        header.note(("metadata",), "missing-name", f"a {kind} needs metadata with a name")
        return header
    header.labels = tuple(sorted(_texts(metadata.get("labels"))))
    _identify(header, kind, metadata)
    return header


def _ignored(source: Source, key: str) -> Problem:
    message = f'there is no field "{key}" here; gitmesh ignores it, like Kubernetes'
    hint = did_you_mean(key, _TOP) or f"known here: {', '.join(sorted(_TOP))}"
    return source.problem((key,), "ignored-field", message, hint=hint, severity=Severity.WARNING)


def _identify(header: Header, kind: str, metadata: JsonObject) -> None:
    name = metadata.get("name")
    if not _is_name(name):
        message = f"a {kind} needs a name of 1 to {MAX_NAME} characters"
        header.note(("metadata", "name"), "missing-name", message)
        return
    said_namespace = metadata.get("namespace")
    if said_namespace is not None and not isinstance(said_namespace, str):
        header.note(("metadata", "namespace"), "wrong-type", "namespace must be text")
    namespace = "" if kind in _CLUSTER_WIDE else namespace_of(metadata)
    header.id = ObjectId(kind, namespace, str(name))
    header.aws_name = default_name(header.id)
    said = header.spec.get("awsName")
    if said is None or said == "":
        if len(header.aws_name) > MAX_NAME:
            message = f"the App Mesh name {header.aws_name!r} has more than {MAX_NAME} characters"
            header.note(header.name_place, "wrong-length", message, "give a shorter awsName")
        return
    header.name_place = ("spec", "awsName")
    if _is_name(said):
        header.aws_name = str(said)
        return
    message = f"awsName must be text of 1 to {MAX_NAME} characters"
    header.note(header.name_place, "wrong-length", message)


def _is_name(name: Json) -> bool:
    plain = isinstance(name, str) and 1 <= len(name) <= MAX_NAME
    return plain and not any(ord(c) < 32 or ord(c) == 127 for c in str(name))


def _texts(labels: Json) -> Iterable[tuple[str, str]]:
    if isinstance(labels, dict):
        yield from ((key, value) for key, value in labels.items() if isinstance(value, str))


def read_selector(header: Header, field_name: str) -> Selector | None:
    """Return the label selector of a spec, or None if the spec has no selector."""
    body = header.spec.get(field_name)
    if body is None:
        return None
    place: Steps = ("spec", field_name)
    if not isinstance(body, dict):
        header.note(place, "wrong-type", f"{field_name} must be an object")
        return None
    requirements = []
    labels = body.get("matchLabels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        if not isinstance(value, str):
            wanted = "a label's value is text: put it in quotes"
            header.note((*place, "matchLabels", key), "wrong-type", wanted)
        requirements.append(Requirement(key, "In", frozenset({str(value)})))
    expressions = body.get("matchExpressions")
    for at, each in enumerate(expressions if isinstance(expressions, list) else ()):
        requirement = _requirement(each)
        if requirement is None:
            header.note(
                (*place, "matchExpressions", at),
                "not-one-of",
                "this is not a valid label requirement",
                f"write a key, an operator ({', '.join(_OPERATORS)}) and values",
            )
        else:
            requirements.append(requirement)
    return Selector(tuple(requirements))


def _requirement(body: Json) -> Requirement | None:
    if not isinstance(body, dict):
        return None
    key, operator, values = body.get("key"), body.get("operator"), body.get("values") or []
    if not isinstance(key, str) or operator not in _OPERATORS or not isinstance(values, list):
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    return Requirement(key, str(operator), frozenset(str(value) for value in values))
