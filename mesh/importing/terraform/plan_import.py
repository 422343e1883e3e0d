"""Import of the output of ``terraform show -json``, a state or a plan.

Terraform writes an optional block as a list with one item, and unset values as ``""``, ``0`` or
``[]``. The spec models distinguish those from real values.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from mesh.canonical import Json, JsonObject, as_object
from mesh.importing.outcome import Answers
from mesh.importing.preview import modernised, services_of, with_services
from mesh.importing.shape import Shape, fields
from mesh.importing.spelling import from_terraform, to_terraform
from mesh.importing.terraform.plan import (
    any_unknown,
    listed,
    mesh_referred_to,
    unknown_values,
    without_index,
)
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.parsing.document import Document
from mesh.parsing.identity import name_fields
from mesh.parsing.origin import Origin
from mesh.problems.problem import Problem, Severity
from mesh.reading.forms import ResourceReading
from mesh.reading.native import NATIVE
from mesh.resource import Resource, Steps
from mesh.spec import SPEC_OF

_PREFIX: Final = "aws_appmesh_"
_KINDS: Final = {to_terraform(kind.segment): kind for kind in APP_MESH_KINDS}
_UNSET: Final[tuple[Json, ...]] = (None, "", [])

Places = dict[Steps, Steps]


def is_state_file(body: JsonObject) -> bool:
    """Return whether a document is Terraform's internal state file, which has no stable format."""
    return "lineage" in body and "terraform_version" in body


def read_terraform(document: Document, answers: Answers) -> tuple[ResourceReading, Counter[str]]:
    """Return the App Mesh resources of a state or a plan, and other resources counted by type."""
    resources: list[Resource] = []
    problems: list[Problem] = []
    others: Counter[str] = Counter()
    unknown = unknown_values(document.body)
    for found, steps in _resources(document.body):
        of_type = str(found.get("type", ""))
        if found.get("mode") == "data" or "deposed_key" in found:
            continue
        if not of_type.startswith(_PREFIX):
            others[of_type] += 1
            continue
        address = str(found.get("address", of_type))
        reading = _read(document, found, steps, as_object(unknown.get(address)), answers)
        resources += reading.resources
        problems += reading.problems
    return ResourceReading(tuple(resources), tuple(problems)), others


def _resources(body: JsonObject) -> Iterator[tuple[JsonObject, Steps]]:
    """Yield every resource of every module with its position."""
    top = "planned_values" if "planned_values" in body else "values"
    modules: list[tuple[Json, Steps]] = [
        (as_object(body.get(top)).get("root_module"), (top, "root_module"))
    ]
    while modules:
        module, steps = modules.pop()
        for index, found in enumerate(listed(as_object(module).get("resources"))):
            if isinstance(found, dict):
                yield found, (*steps, "resources", index)
        children = listed(as_object(module).get("child_modules"))
        inner = [(c, (*steps, "child_modules", index)) for index, c in enumerate(children)]
        modules += reversed(inner)


def _read(
    document: Document, found: JsonObject, steps: Steps, unknown: JsonObject, answers: Answers
) -> ResourceReading:
    address = str(found.get("address", ""))
    at: Steps = (*steps, "values")
    places: Places = {(): at}
    origin = Origin(
        document.source.path,
        document=document.source,
        places=places,
        title=address,
        depth=len(at),
    )
    kind = _KINDS.get(str(found.get("type")).removeprefix(_PREFIX))
    if kind is None:
        message = f"App Mesh has no resource type {found.get('type')!r}"
        return ResourceReading(problems=(origin.problem((), "import-template", message),))
    values = as_object(found.get("values"))
    body = _names(kind, values, at, places)
    assumed = (
        [] if "meshName" in body else list(_mesh(document.body, address, body, answers, origin))
    )
    spec = _converted(Shape(model=SPEC_OF[kind]), values.get("spec"), (*at, "spec"), places)
    body["spec"] = {} if spec is None else spec
    preview = modernised(body["spec"], origin)
    problems = [
        *assumed,
        *preview,
        *_unknown(kind, body, unknown, origin),
        *_priority(body["spec"], origin),
    ]
    if any(problem.severity is Severity.ERROR for problem in problems):
        return ResourceReading(problems=tuple(problems))
    services = services_of(body["spec"])
    reading = NATIVE.read(Document(body, origin))
    reading = replace(reading, problems=(*problems, *reading.problems))
    return with_services(reading, services)


def _names(kind: Kind, values: JsonObject, at: Steps, places: Places) -> JsonObject:
    body: JsonObject = {"kind": kind.value}
    for field in name_fields(kind):
        written = "name" if field == kind.name_field else to_terraform(field)
        places[(field,)] = (*at, written)
        value = values.get(written)
        if value is not None:
            body[field] = value
    return body


def _mesh(
    plan: JsonObject, address: str, body: JsonObject, answers: Answers, origin: Origin
) -> Iterator[Problem]:
    """Add the mesh of a resource without one, if it follows from the plan."""
    if answers.mesh:
        body["meshName"] = answers.mesh
        return
    wanted = mesh_referred_to(plan, address)
    names = {
        as_object(found.get("values")).get("name"): found.get("address")
        for found, _ in _resources(plan)
        if wanted and without_index(str(found.get("address"))) == wanted
    }
    if len(names) == 1 and isinstance(name := next(iter(names)), str):
        body["meshName"] = name
        yield origin.problem(
            ("meshName",),
            "import-ref",
            f'mesh_name refers only to {wanted}, so the mesh "{name}" is used',
            hint="give another: --mesh NAME",
            severity=Severity.WARNING,
        )


def _unknown(
    kind: Kind, body: JsonObject, unknown: JsonObject, origin: Origin
) -> Iterator[Problem]:
    for field in name_fields(kind):
        written = "name" if field == kind.name_field else to_terraform(field)
        if unknown.get(written) is True and field not in body:
            mesh = field == Kind.MESH.name_field
            hint = "give it: --mesh NAME" if mesh else "import the state after the plan is applied"
            yield _not_known(origin, (field,), written, hint)
    if any_unknown(unknown.get("spec")):
        hint = "import the state after the plan is applied: terraform show -json"
        yield _not_known(origin, ("spec",), "a part of spec", hint)


def _not_known(origin: Origin, steps: Steps, what: str, hint: str) -> Problem:
    message = f"{what} is known only after the plan is applied"
    return origin.problem(steps, "import-undecided", message, hint=hint)


def _priority(spec: Json, origin: Origin) -> Iterator[Problem]:
    """Remove a priority of 0, which means "unset" in Terraform."""
    if isinstance(spec, dict) and spec.get("priority") == 0:
        del spec["priority"]
        yield origin.problem(
            ("spec", "priority"),
            "import-dropped",
            "priority 0 is left out: Terraform writes 0 for a route that has none",
            hint="write priority: 0 if the route must be tried before all others",
            severity=Severity.WARNING,
        )


def _converted(
    shape: Shape, value: Json, at: Steps, places: Places, into: Steps = ("spec",)
) -> Json:
    """Return the value in the structure of App Mesh's API; None if nothing is set."""
    places[into] = at
    if shape.model is not None:
        return _object(shape, value, at, places, into)
    if shape.item is not None:
        found = _items(shape.item, value, at, places, into)
        return [] if found is None and shape.required and value == [] else found
    if shape.required:
        return value
    unset = value in _UNSET or (type(value) is int and value == 0 and not shape.takes_zero)
    return None if unset else value


def _object(shape: Shape, value: Json, at: Steps, places: Places, into: Steps) -> Json:
    if isinstance(value, list) and len(value) < 2:
        if not value:
            return None
        # Terraform writes an empty block as a list with one null.
        value, at = value[0] or {}, (*at, 0)
        places[into] = at
    if not isinstance(value, dict) or shape.model is None:
        return value
    known = fields(shape.model)
    result: JsonObject = {}
    for key, part in value.items():
        name = _field(from_terraform(key), known)
        inner: Steps = (*into, name)
        found = part if part not in _UNSET else None
        places[inner] = (*at, key)
        if name in known:
            found = _converted(known[name], part, (*at, key), places, inner)
        if found is not None:
            result[name] = found
    return result


def _field(name: str, known: Mapping[str, Shape]) -> str:
    """Return the App Mesh field of a Terraform block or argument; repeated blocks have a singular
    name."""
    several = known.get(f"{name}s")
    repeats = several is not None and several.item is not None and several.item.model is not None
    return f"{name}s" if name not in known and repeats else name


def _items(item: Shape, value: Json, at: Steps, places: Places, into: Steps) -> Json:
    if isinstance(value, dict):  # attributes of Cloud Map are a map
        return [{"key": key, "value": text} for key, text in sorted(value.items())] or None
    if not isinstance(value, list):
        return value
    if item.model is None:
        return value or None
    found = [
        _converted(item, {} if part is None else part, (*at, index), places, (*into, index))
        for index, part in enumerate(value)
    ]
    return found or None
