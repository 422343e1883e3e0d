"""Conversion of native documents to the output of ``terraform show -json``."""

import re
from typing import Any

from mesh.parsing.identity import name_fields
from mesh.parsing.spec_problems import _inner_model as inner_model
from mesh.reading.native import native_document
from mesh.resource import Resource
from mesh.spec import SPEC_OF, Spec

SINGULAR = {
    "backends": "backend",
    "headers": "header",
    "listeners": "listener",
    "queryParameters": "query_parameter",
    "weightedTargets": "weighted_target",
}


def state(*resources: Resource) -> dict[str, Any]:
    """Return the state of an account with these resources."""
    return {
        "format_version": "1.0",
        "terraform_version": "1.9.0",
        "values": {"root_module": {"resources": [block(r, i) for i, r in enumerate(resources)]}},
    }


def block(resource: Resource, index: int = 0) -> dict[str, Any]:
    """Return one resource as in Terraform's state."""
    key, body = resource.key, native_document(resource)
    of_type = f"aws_appmesh_{snake(key.kind.value)}"
    names: dict[str, Any] = {}
    for field in name_fields(key.kind):
        names["name" if field == key.kind.name_field else snake(field)] = body[field]
    return {
        "address": f"{of_type}.r{index}",
        "mode": "managed",
        "type": of_type,
        "name": f"r{index}",
        "values": {
            **names,
            "arn": "arn:aws:appmesh:eu-west-1:111122223333:mesh/x",
            "created_date": "2024-01-01T00:00:00Z",
            "id": "0123",
            "mesh_owner": "111122223333",
            "spec": [blocks(SPEC_OF[key.kind], body["spec"])],
            "tags": {"team": "shop"},
            "tags_all": {},
        },
    }


def blocks(model: type[Spec], value: Any) -> dict[str, Any]:
    """Return an object as a block: every field is present, unset ones as Terraform writes them."""
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        wire = info.alias or name
        found[SINGULAR.get(wire, snake(wire))] = _field(info.annotation, wire, value.get(wire))
    return found


def _field(annotation: Any, wire: str, value: Any) -> Any:
    model = inner_model(annotation)
    if wire == "attributes":
        return {pair["key"]: pair["value"] for pair in value or []}
    if model is not None and isinstance(value, list):
        return [blocks(model, item) for item in value]
    if model is not None:
        return [] if value is None else [blocks(model, value)]
    if value is None:
        words = str(annotation)
        return [] if "tuple" in words else 0 if wire in ("port", "maxPendingRequests") else None
    return value


def snake(name: str) -> str:
    """Return ``virtual_node`` for ``VirtualNode`` and ``http2_route`` for ``http2Route``."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
