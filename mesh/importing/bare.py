"""Documents of the App Mesh API without names, such as files for the AWS CLI."""

from dataclasses import replace

from pydantic import ValidationError

from mesh.canonical import JsonObject, as_object
from mesh.importing.outcome import Answers
from mesh.importing.preview import modernised, services_of, with_services
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.parsing.document import Document
from mesh.parsing.identity import Identity, identify, name_fields
from mesh.problems.problem import Problem, Severity
from mesh.reading.forms import ResourceReading
from mesh.reading.native import NATIVE
from mesh.reading.spec_file import with_spec
from mesh.spec import SPEC_OF


def read_bare(document: Document, answers: Answers) -> ResourceReading:
    """Return the resource of a native document; missing names come from the answers."""
    document = with_spec(document)
    identity = identify(document)
    body = identity.document.body
    if as_object(body.get("status")).get("status") == "DELETED":
        return ResourceReading(problems=(_deleted(identity),))
    if body.get("spec") is not None:
        told = tuple(modernised(body["spec"], identity.document.source))
        services = services_of(body["spec"])
        found = _read(document, identity, answers)
        return with_services(replace(found, problems=(*told, *found.problems)), services)
    return _read(document, identity, answers)


def _deleted(identity: Identity) -> Problem:
    return identity.document.source.problem(
        ("status", "status"),
        "import-dropped",
        "App Mesh has deleted this resource, so it is not imported",
        hint="to import it, remove status from the file",
        severity=Severity.WARNING,
    )


def _read(document: Document, identity: Identity, answers: Answers) -> ResourceReading:
    body = identity.document.body
    if "spec" not in body and identity.kind is None:
        return NATIVE.read(document)
    kinds = [identity.kind] if identity.kind else _kinds(body, answers)
    if len(kinds) != 1:
        return _which_kind(document, kinds)
    kind = kinds[0]
    missing = [field for field in name_fields(kind) if body.get(field) is None]
    given = {field: _answer(field, kind, answers) for field in missing}
    asked = [field for field in missing if not given[field]]
    if asked:
        options = " ".join(f"{_option(field, kind)} …" for field in asked)
        return ResourceReading(
            problems=(
                document.source.problem(
                    (),
                    "import-names",
                    f"the file does not give the {' and '.join(asked)} of this {kind}",
                    hint=f"give it: {options}",
                ),
            )
        )
    names: JsonObject = {"kind": kind.value, **given}
    return NATIVE.read(Document({**names, **body}, identity.document.source))


def _kinds(body: JsonObject, answers: Answers) -> list[Kind]:
    """Return the kinds that have all fields of a spec without names."""
    if answers.kind is not None:
        return [answers.kind]
    return [kind for kind in APP_MESH_KINDS if _fits(kind, body)]


def _fits(kind: Kind, body: JsonObject) -> bool:
    try:
        SPEC_OF[kind].model_validate(body["spec"], by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True


def _which_kind(document: Document, kinds: list[Kind]) -> ResourceReading:
    words = "these fields fit the spec of no kind"
    if kinds:
        words = f"these fields fit the spec of a {' or of a '.join(kinds)}"
    choices = ", ".join(kinds or APP_MESH_KINDS)
    return ResourceReading(
        problems=(
            document.source.problem(
                ("spec",), "import-names", words, hint=f"give it: --kind, one of {choices}"
            ),
        )
    )


def _answer(field: str, kind: Kind, answers: Answers) -> str:
    if kind is Kind.MESH:
        return answers.mesh or answers.name
    if field == Kind.MESH.name_field:
        return answers.mesh
    return answers.name if field == kind.name_field else answers.parent


def _option(field: str, kind: Kind) -> str:
    if field == Kind.MESH.name_field:
        return "--mesh"
    return "--name" if field == kind.name_field else "--parent"
