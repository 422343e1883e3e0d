"""A CloudFormation template as a value. Tolerates sections of the wrong type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mesh.canonical import JsonObject, as_object
from mesh.importing.spelling import from_cloudformation
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.parsing.document import Document
from mesh.parsing.identity import name_fields
from mesh.resource import Source, Steps

APP_MESH: Final = "AWS::AppMesh::"
PROCESSED: Final = (
    "import the processed template: aws cloudformation get-template --template-stage Processed"
)
"""Remedy when macros or loops generate parts of a template."""

_TRANSFORMS: Final = ("AWS::CodeDeployBlueGreen", "AWS::LanguageExtensions", "AWS::Serverless-")
"""Transforms that leave a template's mesh unchanged. The functions of ``AWS::LanguageExtensions``
are evaluated, or their values are requested from the user."""


def is_template(body: JsonObject) -> bool:
    """Return whether a document is a CloudFormation template."""
    return isinstance(body.get("Resources"), dict)


@dataclass(frozen=True, slots=True)
class Template:
    """The sections of a template that define meshes."""

    source: Source
    body: JsonObject

    @classmethod
    def of(cls, document: Document) -> "Template":
        """Return the template that a document contains."""
        return cls(document.source, document.body)

    def section(self, name: str) -> dict[str, JsonObject]:
        """Return the entries of a section by name, if they are objects."""
        found = as_object(self.body.get(name))
        return {key: value for key, value in found.items() if isinstance(value, dict)}

    @property
    def conditions(self) -> JsonObject:
        """The conditions, by name."""
        return as_object(self.body.get("Conditions"))

    def macros(self) -> Iterator[tuple[Steps, str]]:
        """Yield the macros that may change the mesh, with their positions."""
        for field in ("Transform", "Fn::Transform"):
            written = self.body.get(field)
            listed = written if isinstance(written, list) else [written]
            for index, macro in enumerate(listed):
                name = as_object(macro).get("Name") if isinstance(macro, dict) else macro
                if isinstance(name, str) and not name.startswith(_TRANSFORMS):
                    yield (field, index) if listed is written else (field,), name

    def kind(self, logical_id: str) -> Kind | None:
        """Return the kind of an App Mesh resource; None for other resources."""
        name = self.type_of(logical_id).removeprefix(APP_MESH)
        return Kind(name) if name in APP_MESH_KINDS else None

    def type_of(self, logical_id: str) -> str:
        """Return the type of a resource, or ``""`` if there is none."""
        return str(as_object(as_object(self.body.get("Resources")).get(logical_id)).get("Type", ""))

    def properties(self, logical_id: str) -> JsonObject:
        """Return the properties of a resource."""
        resource = as_object(as_object(self.body.get("Resources")).get(logical_id))
        return as_object(resource.get("Properties"))

    def own_name_property(self, logical_id: str) -> str:
        """Return the property that holds the resource's own name, such as ``VirtualNodeName``."""
        kind = self.kind(logical_id)
        return f"{kind.value}Name" if kind else "Name"

    def is_name(self, logical_id: str, attribute: str) -> bool:
        """Return whether an attribute of an App Mesh resource is one of its name properties."""
        kind = self.kind(logical_id)
        return kind is not None and from_cloudformation(attribute) in name_fields(kind)
