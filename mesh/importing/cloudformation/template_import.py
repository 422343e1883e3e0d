"""CloudFormation templates to resources."""

from collections import Counter
from collections.abc import Mapping

from mesh.canonical import JsonObject, as_object
from mesh.importing.cloudformation.evaluation import Evaluation
from mesh.importing.cloudformation.template import APP_MESH, PROCESSED, Template
from mesh.importing.cloudformation.values import Mark, TooMuch
from mesh.importing.outcome import Answers, Usage
from mesh.importing.shape import Shape, coerced
from mesh.importing.spelling import from_cloudformation
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.parsing.document import Document
from mesh.parsing.origin import Origin
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.reading.forms import ResourceReading
from mesh.reading.native import NATIVE
from mesh.resource import Resource, Steps
from mesh.spec import SPEC_OF


def read_template(
    document: Document, answers: Answers, usage: Usage, exports: Mapping[str, str]
) -> tuple[ResourceReading, Counter[str]]:
    """Return the App Mesh resources of a template, and a count of its other resources by type."""
    template = Template.of(document)
    run = Evaluation(template, answers, usage, exports)
    resources: list[Resource] = []
    problems: list[Problem] = []
    others: Counter[str] = Counter()
    _macros(run)
    try:
        for logical_id in as_object(template.body.get("Resources")):
            if logical_id.startswith("Fn::") or logical_id not in template.section("Resources"):
                _not_one(run, logical_id)
                continue
            of_type = template.type_of(logical_id)
            if not of_type.startswith(APP_MESH):
                others[of_type] += 1
                continue
            found = _read(run, logical_id)
            resources += found.resources
            problems += found.problems
    except TooMuch:
        run.wrong((), "the template expands to more values than the limit")
    return ResourceReading(tuple(resources), (*run.problems, *problems)), others


def _macros(run: Evaluation) -> None:
    for steps, name in run.template.macros():
        message = f"the macro {name} may change this template"
        run.warn(steps, "import-macro", message, PROCESSED)


def exported(document: Document, answers: Answers, exports: Mapping[str, str]) -> dict[str, str]:
    """Return the exports of a template whose values can be evaluated."""
    run = Evaluation(Template.of(document), answers, Usage(), exports)
    found: dict[str, str] = {}
    try:
        for output_id, output in run.template.section("Outputs").items():
            place: Steps = ("Outputs", output_id)
            name = run.text(as_object(output.get("Export")).get("Name"), place)
            value = run.text(output.get("Value"), place) if isinstance(name, str) else ""
            if isinstance(name, str) and isinstance(value, str):
                found[name] = value
    except TooMuch:
        return {}
    return found


def _read(run: Evaluation, logical_id: str) -> ResourceReading:
    template = run.template
    place: Steps = ("Resources", logical_id)
    kind = template.kind(logical_id)
    if kind is None:
        name = template.type_of(logical_id).removeprefix(APP_MESH)
        hint = did_you_mean(name, APP_MESH_KINDS)
        run.wrong((*place, "Type"), f"App Mesh has no resource type {name!r}", hint)
        return ResourceReading()
    before = run.undecided
    if not _wanted(run, logical_id):
        return ResourceReading()
    places: dict[Steps, Steps] = {(): place}
    body = _body(run, logical_id, kind, places)
    if run.undecided > before:
        return ResourceReading()
    origin = Origin(template.source.path, document=template.source, places=places)
    return NATIVE.read(Document(body, origin))


def _not_one(run: Evaluation, logical_id: str) -> None:
    place: Steps = ("Resources", logical_id)
    if logical_id.startswith("Fn::"):
        run.stuck(
            place, f"{logical_id} generates resources, which the import does not support", PROCESSED
        )
    else:
        run.wrong(place, f"{logical_id} is not a resource: it must be an object")


def _wanted(run: Evaluation, logical_id: str) -> bool:
    condition = run.template.section("Resources")[logical_id].get("Condition")
    if not isinstance(condition, str):
        return True
    return run.condition(condition, ("Resources", logical_id, "Condition")) is not False


def _body(run: Evaluation, logical_id: str, kind: Kind, places: dict[Steps, Steps]) -> JsonObject:
    template = run.template
    place: Steps = ("Resources", logical_id, "Properties")
    body: JsonObject = {"kind": kind.value}
    own = run.name_of(logical_id, place)
    if isinstance(own, str):
        body[kind.name_field] = own
    for name, value in template.properties(logical_id).items():
        field = from_cloudformation(name)
        at: Steps = (*place, name)
        places[(field,)] = at
        if field == kind.name_field or name == "Tags":
            continue
        if name == "MeshOwner":
            message = "MeshOwner is not imported: a mesh in git has no owning account"
            run.warn(at, "import-dropped", message)
            continue
        found = run.resolve(value, at, (field,), places)
        if not isinstance(found, Mark):
            spec = Shape(model=SPEC_OF[kind]) if field == "spec" else Shape(scalar=str)
            body[field] = coerced(spec, found)
    return body
