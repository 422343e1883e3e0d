"""OpenAPI description of the JSON API, from its table of operations. Pure."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gitmesh.json_api.event_feed import events
from gitmesh.json_api.operations import OPERATIONS, PREFIX, Operation
from gitmesh.json_shapes.resources import RefusedChangeShape
from gitmesh.openapi.answer_shapes import schema_of, shapes_in

_ERRORS: Final = {
    "400": "The request breaks a rule.",
    "403": "The caller is not known, or may not do this.",
    "404": "It does not exist, or the caller may not read it.",
    "405": "The path takes another method.",
    "408": "The body came too slowly.",
    "409": "Somebody else was faster.",
    "413": "The body is too long.",
    "422": "The change would make the mesh invalid: problems names why.",
    "429": "The caller sends too many requests; Retry-After says when to go on.",
    "503": "It cannot be done now; try again.",
}


def paths() -> dict[str, Any]:
    """Return the path items of all operations."""
    found: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = f"{PREFIX}{operation.path}"
        found.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return found


def schemas() -> dict[str, Any]:
    """Return the schemas of answers, by name."""
    return shapes_in([RefusedChangeShape, *(each.shape for each in OPERATIONS)])


def _operation(operation: Operation) -> dict[str, Any]:
    refused = _json(RefusedChangeShape)
    errors = {
        status: {"description": words, "content": refused} for status, words in _ERRORS.items()
    }
    made: dict[str, Any] = {
        "operationId": _id(operation),
        "tags": ["gitmesh"],
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
        "responses": {
            "200": {"description": operation.summary, "content": _answer(operation)},
            **errors,
        },
    }
    if operation.method != "GET":
        members = {value.name: {"description": value.meaning} for value in operation.values}
        required = [value.name for value in operation.values if value.required]
        schema = {"type": "object", "properties": members, "additionalProperties": False}
        if required:
            schema["required"] = required
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return made


def _answer(operation: Operation) -> dict[str, Any]:
    content = _json(operation.shape)
    if operation.handle is events:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return content


def _json(shape: type) -> dict[str, Any]:
    return {"application/json": {"schema": schema_of(shape)}}


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if "{name}" in operation.path:
        words = "The rest of the path: the key of a resource may hold /."
        yield {
            "name": "name", "in": "path", "required": True, "description": words,
            "schema": {"type": "string", "minLength": 1},
        }  # fmt: skip
    for value in operation.values if operation.method == "GET" else ():
        yield {
            "name": value.name, "in": "query", "required": value.required,
            "description": value.meaning, "schema": {"type": "string"},
        }  # fmt: skip


def _id(operation: Operation) -> str:
    words = re.findall(r"\w+", operation.path)
    return operation.method.lower() + "".join(word.capitalize() for word in words)
