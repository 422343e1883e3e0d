"""AWS Cloud Map's list of a service's instances, as one ``ServiceInstances`` document."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mesh.canonical import Json, JsonObject, as_object
from mesh.importing.outcome import Answers
from mesh.keys import Kind
from mesh.parsing.document import Document
from mesh.parsing.foreign_output import instances_of
from mesh.parsing.origin import Origin, shifted
from mesh.problems.problem import Problem, Severity
from mesh.reading.forms import ResourceReading
from mesh.reading.native import NATIVE
from mesh.resource import Source, Steps

_NAMES: Final = (
    ("meshName", "", "--mesh"),
    ("namespaceName", "NamespaceName", "--parent"),
    ("serviceName", "ServiceName", "--name"),
)
"""For each name of the document: Cloud Map's field for it, and the option that sets it."""


def is_cloud_map(body: JsonObject) -> bool:
    """Return whether a document is output of ``list-instances`` or ``discover-instances``."""
    return instances_of(body) is not None


def read_cloud_map(document: Document, answers: Answers) -> ResourceReading:
    """Return the ``ServiceInstances`` document; missing names come from the answers."""
    listed = [as_object(each) for each in instances_of(document.body) or []]
    names = {field: _name(listed, theirs) for field, theirs, _ in _NAMES}
    said = (answers.mesh, answers.parent, answers.name)
    for (field, _, _), answer in zip(_NAMES, said, strict=True):
        names[field] = names[field] or answer
    missing = [option for field, _, option in _NAMES if not names[field]]
    if missing:
        problem = document.source.problem(
            ("Instances",),
            "import-names",
            "the file does not give all of mesh, namespace and service",
            hint="say it: "
            + " ".join(f"{option} …" for option in missing)
            + " (--parent is the namespace, --name the service)",
        )
        return ResourceReading(problems=(problem,))
    places: dict[Steps, Steps] = {(): (), ("spec", "instances"): ("Instances",)}
    instances: list[Json] = []
    for at, each in enumerate(listed):
        place: Steps = ("Instances", at, "Attributes")
        places[("spec", "instances", at)] = place[:2]
        places |= shifted(each["Attributes"], place, ("spec", "instances", at, "attributes"))
        instances.append(
            {"id": each.get("Id", each.get("InstanceId")), "attributes": each["Attributes"]}
        )
    body: JsonObject = {
        "kind": Kind.SERVICE_INSTANCES.value,
        **names,
        "spec": {"instances": instances},
    }
    origin = Origin(document.source.path, document=document.source, places=places)
    found = NATIVE.read(Document(body, origin))
    return replace(found, problems=(*_unwell(document.source, listed), *found.problems))


def _unwell(source: Source, listed: list[JsonObject]) -> Iterator[Problem]:
    for at, each in enumerate(listed):
        if each.get("HealthStatus") == "UNHEALTHY":
            yield source.problem(
                ("Instances", at, "HealthStatus"),
                "import-dropped",
                f"{each.get('InstanceId')} is unhealthy now; it is imported like the others",
                hint="remove it from the document if it must not get traffic",
                severity=Severity.WARNING,
            )


def _name(listed: list[JsonObject], field: str) -> str:
    """Return the value that a field has in all instances, or "" if they differ."""
    names = {str(each[field]) for each in listed if field in each}
    return names.pop() if len(names) == 1 else ""
