"""Entry point of an import: reads files of any supported format into resources."""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from mesh.canonical import JsonObject, as_object
from mesh.importing.bare import read_bare
from mesh.importing.cloud_map import is_cloud_map, read_cloud_map
from mesh.importing.cloudformation.tagged_yaml import read_tagged_yaml
from mesh.importing.cloudformation.template import is_template
from mesh.importing.cloudformation.template_import import exported, read_template
from mesh.importing.outcome import Answers, Imported, Usage
from mesh.importing.terraform.plan_import import is_state_file, read_terraform
from mesh.keys import ResourceKey
from mesh.parsing.document import Document, Limits, Reading, narrowed, read_documents
from mesh.parsing.foreign_output import is_terraform, listing_of, specs_in
from mesh.parsing.json_text import read_json_stream
from mesh.problems.problem import Problem
from mesh.reading.forms import ResourceReading
from mesh.reading.native import FORMS, NATIVE
from mesh.resource import Resource, Steps

_FORM: Final = "import-form"

LIMITS: Final = Limits(max_bytes=64 * 1024 * 1024, max_depth=128, max_values=2_000_000)
"""Larger than for pushed files: a Terraform state holds much more than meshes, and the user chose
it."""


def import_files(files: Mapping[str, bytes], answers: Answers) -> Imported:
    """Return the resources of files, sorted by key, and all problems.

    Files that are imported together can use each other's exports. If two resources have the same
    key, the first is kept and the second is a problem.
    """
    readings = [_documents(path, blob) for path, blob in files.items()]
    documents = [document for reading in readings for document in reading.documents]
    exports = _exports(documents, answers)
    usage, others = Usage(), Counter[str]()
    resources: list[Resource] = []
    problems = [problem for reading in readings for problem in reading.problems]
    for document in documents:
        found, beside = _read(document, answers, usage, exports)
        resources += found.resources
        problems += found.problems
        others += beside
    kept, doubled = _distinct(resources)
    problems = _once_a_file(problems)
    return Imported(
        tuple(kept[key] for key in sorted(kept)),
        tuple(sorted({*problems, *doubled})),
        dict(sorted(others.items())),
        tuple(sorted(answers.parameters.keys() - usage.parameters)),
        tuple(sorted(answers.import_values.keys() - usage.import_values)),
    )


def _documents(path: str, blob: bytes) -> Reading:
    name = path.lower()
    if name.endswith((".tf", ".tf.json", ".tfvars")):
        return Reading((), (_configuration(path),))
    json = name.endswith(".json") or (
        blob.removeprefix(BOM_UTF8).lstrip()[:1] in (b"{", b"[")
        and not name.endswith((".yaml", ".yml"))
    )
    read = read_json_stream if json else read_tagged_yaml
    found = read_documents(path, blob, LIMITS, read=read, lists=True)
    inside = [part for document in found.documents for part in _taken_apart(document)]
    return Reading(tuple(inside), found.problems)


def _taken_apart(document: Document) -> Iterator[Document]:
    """Yield the documents inside a document, or the document itself if it contains no other.

    ``{"virtualNodes": [{…, "spec": …}]}`` is a file that scripts make of many ``describe-…``
    answers; ``{"TemplateBody": {…}}`` is how CloudFormation returns a template in JSON.
    """
    listing = listing_of(document.body)
    specs = specs_in(document.body[listing]) if listing else []
    if listing and specs:
        for at, item in enumerate(specs):
            yield _inside(document, (listing, at), item)
        return
    template = document.body.get("TemplateBody")
    if isinstance(template, dict):
        yield _inside(document, ("TemplateBody",), template)
        return
    yield document


def _inside(document: Document, steps: Steps, body: JsonObject) -> Document:
    return Document(body, narrowed(document.source, steps))


def _configuration(path: str) -> Problem:
    return Problem(
        path,
        1,
        "$",
        _FORM,
        "this is a Terraform configuration, whose values are known only after it is planned",
        "import the output of terraform show -json for the state or for a plan file",
    )


def _exports(documents: list[Document], answers: Answers) -> dict[str, str]:
    templates = [document for document in documents if is_template(document.body)]
    exports: dict[str, str] = {}
    for _ in templates:  # one stack's exports may depend on another's
        before = len(exports)
        for template in templates:
            exports |= exported(template, answers, exports)
        if len(exports) == before:
            break
    return exports


def _read(
    document: Document, answers: Answers, usage: Usage, exports: Mapping[str, str]
) -> tuple[ResourceReading, Counter[str]]:
    if is_template(document.body):
        usage.parameters |= as_object(document.body.get("Parameters")).keys()
        return read_template(document, answers, usage, exports)
    if is_terraform(document.body):
        return read_terraform(document, answers)
    if is_cloud_map(document.body):
        return read_cloud_map(document, answers), Counter()
    if is_state_file(document.body):
        problem = document.source.problem(
            (),
            _FORM,
            "this is Terraform's own state file, whose format changes between versions",
            hint="import the output of terraform show -json",
        )
        return ResourceReading(problems=(problem,)), Counter()
    form = next(form for form in FORMS if form.recognises(document.body))
    found = read_bare(document, answers) if form is NATIVE else form.read(document)
    return (_in_place(document) if found.manifests else found), Counter()


def _in_place(document: Document) -> ResourceReading:
    problem = document.source.problem(
        (),
        _FORM,
        "Kubernetes manifests are specs already and need no import",
        hint="commit the file to the mesh's repository, and check it with gitmesh validate",
    )
    return ResourceReading(problems=(problem,))


def _once_a_file(problems: list[Problem]) -> list[Problem]:
    """Return the problems, with an unsupported form reported once per file."""
    first: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        if problem.code == _FORM:
            first.setdefault((problem.path, problem.message), problem)
    told = set(first.values())
    return [problem for problem in problems if problem.code != _FORM or problem in told]


def _distinct(resources: list[Resource]) -> tuple[dict[ResourceKey, Resource], list[Problem]]:
    kept: dict[ResourceKey, Resource] = {}
    problems: list[Problem] = []
    for resource in resources:
        first = kept.setdefault(resource.key, resource)
        if first is resource:
            continue
        place = f"{first.source.path}:{first.source.line(())}"
        problems.append(
            resource.source.problem(
                (),
                "duplicate-resource",
                f"{resource.key} is defined twice, first at {place}",
                hint="import only one of the two",
            )
        )
    return kept, problems
