"""Recognise output of other tools that is not a resource, and say how to get the resource."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mesh.canonical import Json, JsonObject, as_object
from mesh.keys import APP_MESH_KINDS, Kind

LISTINGS: Final = {
    f"{kind.segment}{'es' if kind is Kind.MESH else 's'}": kind for kind in APP_MESH_KINDS
}
"""Top-level fields of ``aws appmesh list-…`` answers, with the kind that each lists."""

_WRAPPERS: Final = frozenset(kind.segment for kind in APP_MESH_KINDS)

_IMPORT: Final = "convert it with gitmesh import"


@dataclass(frozen=True, slots=True)
class Known:
    """A recognised kind of output, and the remedy."""

    message: str
    hint: str


def recognised(body: JsonObject) -> Known | None:
    """Return the kind of output that a foreign document is, or None if it is not recognised."""
    listing = listing_of(body)
    if listing is not None and specs_in(body[listing]):
        return Known(f"this is a list of {listing}: a document is one resource", _IMPORT)
    if listing is not None:
        return Known(
            f"this lists {listing} by name, without their specs",
            f"print each: aws appmesh {_describe(LISTINGS[listing])}; gitmesh import accepts many",
        )
    return next((known for fits, known in _KNOWN if fits(body)), None)


def _describe(kind: Kind) -> str:
    return "describe" + re.sub("([A-Z])", r"-\1", kind.value).lower()


def listing_of(body: JsonObject) -> str | None:
    """Return the field in which an answer lists resources, or None if it is not a list answer."""
    fields = [key for key in body if key not in ("nextToken", "NextToken", "ResponseMetadata")]
    only = fields[0] if len(fields) == 1 else ""
    return only if only in LISTINGS and isinstance(body[only], list) else None


def specs_in(items: Json) -> list[JsonObject]:
    """Return the items of a list if all are specs or answers with a spec, else none."""
    found = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    fits = all("spec" in each or each.keys() & _WRAPPERS for each in found)
    return found if fits and isinstance(items, list) and len(found) == len(items) else []


def instances_of(body: JsonObject) -> list[Json] | None:
    """Return the instances of a Cloud Map answer, or None if it is not such an answer."""
    found = body.get("Instances")
    if not isinstance(found, list):
        return None
    fits = all("Attributes" in as_object(each) for each in found)
    return found if fits else None


def is_terraform(body: JsonObject) -> bool:
    """Return whether a document is output of ``terraform show -json``."""
    return any("root_module" in as_object(body.get(key)) for key in ("values", "planned_values"))


_KNOWN: Final[tuple[tuple[Callable[[JsonObject], bool], Known], ...]] = (
    (is_terraform, Known("this is a state or a plan of Terraform, not a spec", _IMPORT)),
    (
        lambda body: "format_version" in body,
        Known(
            "this output of Terraform is empty: there was no state",
            "run terraform show -json where the state is, or give it a plan's file",
        ),
    ),
    (
        lambda body: "@level" in body and "@message" in body,
        Known(
            "this is the log of a Terraform run",
            "import the output of terraform show -json for the plan file or for the state",
        ),
    ),
    (
        lambda body: instances_of(body) is not None,
        Known(
            "this is a list of AWS Cloud Map instances, not a ServiceInstances document", _IMPORT
        ),
    ),
    (
        lambda body: isinstance(body.get("TemplateBody"), dict) and "StagesAvailable" in body,
        Known("this contains a CloudFormation template", _IMPORT),
    ),
    (
        lambda body: "TemplateBody" in body and "StagesAvailable" in body,
        Known(
            "this contains a CloudFormation template as one text",
            "print the template itself: aws cloudformation get-template … --query TemplateBody "
            "--output text; then gitmesh import it",
        ),
    ),
)
