"""JSON shapes of specs that are not served yet: validated, formatted, imported, new."""

from typing import TYPE_CHECKING, TypedDict

from gitmesh.json_shapes.problems import ProblemShape, problem_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from gitmesh.service.specs.formatting import Formatting
    from gitmesh.service.specs.importer import SpecImport
    from gitmesh.service.specs.new.new_document import NewDocument
    from gitmesh.service.specs.validation import Report


class BareShape(TypedDict):
    """A spec without names, with its inferred kind, if there is one."""

    path: str
    line: int
    kind: str | None


class ValidationShape(TypedDict):
    """Answer of ``validate``."""

    ok: bool
    linked: bool
    errors: int
    warnings: int
    files: int
    resources: int
    bare: list[BareShape]
    problems: list[ProblemShape]
    partOf: str | None
    elsewhere: int


class SkippedFileShape(TypedDict):
    """A file that is not formatted, although it is valid."""

    path: str
    reason: str


class FormattingShape(TypedDict):
    """Answer of ``fmt``."""

    ok: bool
    check: bool
    files: int
    untidy: list[str]
    leftAlone: list[SkippedFileShape]
    problems: list[ProblemShape]


class ImportShape(TypedDict):
    """Answer of ``import``."""

    ok: bool
    dryRun: bool
    resources: list[str]
    written: list[str]
    passedOver: dict[str, int]
    unusedParameters: list[str]
    unusedImportValues: list[str]
    problems: list[ProblemShape]


class MissingResourceShape(TypedDict):
    """A missing resource that a new resource refers to, and the command that creates it."""

    resource: str
    command: str


class NewDocumentShape(TypedDict):
    """Answer of ``new``."""

    resources: list[str]
    needs: list[MissingResourceShape]
    file: str | None
    text: str


def validation_shape(report: "Report") -> ValidationShape:
    """Return the result of a validation."""
    return {
        "ok": not report.errors,
        "linked": report.linked,
        "errors": report.errors,
        "warnings": report.warnings,
        "files": report.files,
        "resources": report.resources,
        "bare": [{"path": each.path, "line": each.line, "kind": each.kind} for each in report.bare],
        "problems": problem_shapes(report.problems),
        "partOf": None if report.part_of is None else str(report.part_of),
        "elsewhere": report.elsewhere,
    }


def formatting_shape(found: "Formatting") -> FormattingShape:
    """Return the result of formatting, or of a check."""
    return {
        "ok": found.ok,
        "check": found.check,
        "files": found.files,
        "untidy": list(found.untidy),
        "leftAlone": [{"path": each.path, "reason": each.reason} for each in found.skipped],
        "problems": problem_shapes(found.problems),
    }


def import_shape(done: "SpecImport") -> ImportShape:
    """Return the result of an import."""
    imported = done.imported
    return {
        "ok": done.ok,
        "dryRun": done.dry_run,
        "resources": [str(resource.key) for resource in imported.resources],
        "written": list(done.written),
        "passedOver": dict(imported.passed_over),
        "unusedParameters": list(imported.unused_parameters),
        "unusedImportValues": list(imported.unused_import_values),
        "problems": problem_shapes(imported.problems),
    }


def new_document_shape(made: "NewDocument", file: "Path | None") -> NewDocumentShape:
    """Return a document with new resources, and the file to which it was written."""
    return {
        "resources": [str(key) for key in made.resources],
        "needs": [{"resource": str(each.key), "command": each.command} for each in made.needs],
        "file": None if file is None else str(file),
        "text": made.text,
    }
