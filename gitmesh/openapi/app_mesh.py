"""OpenAPI description of the App Mesh API, from its table and the spec models. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from gitmesh.api.calls import MAX_PAGE, MAX_PAGE_OF_TAGS, MOST_TAGS
from gitmesh.api.operations import BASE, MAX_NAME, OPERATIONS, Action, Operation, plural
from mesh.canonical import JsonObject
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.spec import SPEC_OF

REF: Final = "#/components/schemas/{model}"
_TEXT: Final[JsonObject] = {"type": "string"}
_NAME: Final[JsonObject] = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
_TAG: Final[JsonObject] = {
    "type": "object",
    "required": ["key"],
    "additionalProperties": False,
    "properties": {
        "key": {"type": "string", "minLength": 1, "maxLength": 128},
        "value": {"type": "string", "maxLength": 256},
    },
}
_TAGS: Final[JsonObject] = {"type": "array", "items": _TAG, "maxItems": MOST_TAGS}
_TOKEN: Final[JsonObject] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_SUCCESS: Final = "The operation was carried out."
_ERRORS: Final[Mapping[str, str]] = {
    "400": "The request breaks a rule (BadRequestException, LimitExceededException, "
    "TooManyTagsException).",
    "403": "The caller is not known, or may not do this (ForbiddenException).",
    "404": "The resource, or what it refers to, is absent, or the caller may not read it.",
    "408": "The body came too slowly.",
    "409": "The name or the client token is in use, or others refer to the resource.",
    "413": "The body is too long.",
    "414": "Path and query are too long.",
    "429": "The caller sends too many requests; Retry-After says when to go on.",
    "431": "The headers are too long.",
    "503": "It cannot be done now; try again.",
}


def paths() -> dict[str, Any]:
    """Return the path items of all operations."""
    found: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = f"{BASE}/{'/'.join(operation.path)}"
        found.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return found


def schemas() -> dict[str, Any]:
    """Return the schemas of specs and answers, by name."""
    models = [(SPEC_OF[kind], "validation") for kind in APP_MESH_KINDS]
    _, described = models_json_schema(models, by_alias=True, ref_template=REF)  # type: ignore[arg-type]
    found: dict[str, Any] = dict(described.get("$defs", {}))
    found["Error"] = _object({"message": _TEXT}, required=["message"])
    found["Metadata"] = _metadata()
    for kind in APP_MESH_KINDS:
        found[f"{kind}Data"] = _data(kind)
        found[f"{kind}Ref"] = _item(kind)
    return found


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": ["App Mesh"],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation),
    }
    if body := _body(operation):
        made["requestBody"] = {"required": True, "content": _json(body)}
    return made


def _path_parameters(operation: Operation) -> Iterator[JsonObject]:
    for part in operation.path:
        if part.startswith("{"):
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": _NAME}


def _query_parameters(operation: Operation) -> Iterator[JsonObject]:
    if operation.kind is None:
        yield {"name": "resourceArn", "in": "query", "required": True, "schema": _TEXT}
    elif operation.kind is not Kind.MESH or operation.action is Action.DESCRIBE:
        yield {"name": "meshOwner", "in": "query", "schema": {"pattern": "^[0-9]{12}$", **_TEXT}}
    if operation.action in (Action.LIST, Action.LIST_TAGS):
        most = MAX_PAGE if operation.action is Action.LIST else MAX_PAGE_OF_TAGS
        limit: JsonObject = {"type": "integer", "minimum": 1, "maximum": most}
        yield {"name": "limit", "in": "query", "schema": limit}
        yield {"name": "nextToken", "in": "query", "schema": _TEXT}


def _body(operation: Operation) -> dict[str, Any] | None:
    kind = operation.kind
    if operation.action is Action.TAG:
        return _object({"tags": _TAGS}, required=["tags"])
    if operation.action is Action.UNTAG:
        keys: JsonObject = {"type": "array", "items": _TEXT, "maxItems": MOST_TAGS}
        return _object({"tagKeys": keys}, required=["tagKeys"])
    if kind is None or operation.action not in (Action.CREATE, Action.UPDATE):
        return None
    members: dict[str, Any] = {"spec": _ref(SPEC_OF[kind].__name__), "clientToken": _TOKEN}
    required = [] if kind is Kind.MESH else ["spec"]
    if operation.action is Action.CREATE:
        members |= {kind.name_field: _NAME, "tags": _TAGS}
        required.append(kind.name_field)
    return _object(members, required=required)


def _responses(operation: Operation) -> dict[str, Any]:
    answer = {"description": _SUCCESS, "content": _json(_answer(operation))}
    errors = {
        status: {"description": words, "content": _json(_ref("Error"))}
        for status, words in _ERRORS.items()
    }
    return {"200": answer, **errors}


def _answer(operation: Operation) -> dict[str, Any]:
    kind = operation.kind
    if kind is not None and operation.action is not Action.LIST:
        return _ref(f"{kind}Data")
    if operation.action in (Action.TAG, Action.UNTAG):
        return _object({}, required=[])
    if kind is None:
        return _object({"tags": _TAGS, "nextToken": _TEXT}, required=["tags"])
    items = {"type": "array", "items": _ref(f"{kind}Ref")}
    return _object({plural(kind): items, "nextToken": _TEXT}, required=[plural(kind)])


def _names(kind: Kind) -> list[str]:
    names = ["meshName"]
    if kind.parent is not None:
        names.append(kind.parent.name_field)
    if kind is not Kind.MESH:
        names.append(kind.name_field)
    return names


def _item(kind: Kind) -> dict[str, Any]:
    about = {name: each for name, each in _metadata()["properties"].items() if name != "uid"}
    members = {**dict.fromkeys(_names(kind), _TEXT), **about}
    return _object(members, required=list(members))


def _data(kind: Kind) -> dict[str, Any]:
    status = _object({"status": {"enum": ["ACTIVE", "INACTIVE", "DELETED"]}}, required=["status"])
    members = {
        **dict.fromkeys(_names(kind), _TEXT),
        "spec": _ref(SPEC_OF[kind].__name__),
        "metadata": _ref("Metadata"),
        "status": status,
    }
    return _object(members, required=list(members))


def _metadata() -> dict[str, Any]:
    number = {"type": "number"}
    members = {
        "arn": _TEXT,
        "createdAt": number,
        "lastUpdatedAt": number,
        "meshOwner": _TEXT,
        "resourceOwner": _TEXT,
        "uid": _TEXT,
        "version": {"type": "integer", "minimum": 1},
    }
    return _object(members, required=list(members))


def _object(members: Mapping[str, Any], *, required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(members),
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": REF.format(model=name)}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
