"""Calls: requests as the App Mesh API understands them, with every rule of one request checked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from gitmesh.api.errors import ApiError, bad_request, invalid
from gitmesh.api.operations import (
    OLD_BASE,
    Action,
    BadName,
    NoSuchOperation,
    Operation,
    find,
)
from gitmesh.api.signature import SignedRequest
from gitmesh.rendering.documents import document
from mesh.canonical import JsonObject, as_object
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from mesh.resource import spec_json

MAX_PAGE: Final = 100
MOST_TAGS: Final = 50
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CREATED: Final = frozenset({"spec", "tags", "clientToken"})
_UPDATED: Final = frozenset({"spec", "clientToken"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation on a kind of resource."""

    operation: Operation
    kind: Kind
    mesh: str
    parent: str
    key: ResourceKey | None
    """The resource; ``None`` for a list."""
    owner: str | None
    """The account that owns the mesh, if the caller says."""
    spec: JsonObject | None = None
    """The new spec, in the order of the models; ``None`` for an operation without one."""
    tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str | None = None
    limit: int = MAX_PAGE
    next_token: str | None = None


def read_call(request: SignedRequest) -> Call:
    """Return the call that a request makes.

    :raises ApiError: there is no such operation, or the request breaks one of its rules.
    """
    operation, names = _operation(request)
    if operation.kind is None:
        raise ApiError("UnknownOperationException", 501, f"{operation.name} is not served yet")
    kind, query = operation.kind, dict(parse_qsl(request.raw_query, keep_blank_values=True))
    parent = names.get(kind.parent.name_field, "") if kind.parent else ""
    if operation.action is Action.LIST:
        mesh, limit = names.get("meshName", ""), _limit(query.get("limit"))
        owner, token = query.get("meshOwner"), query.get("nextToken")
        return Call(operation, kind, mesh, parent, None, owner, limit=limit, next_token=token)
    body = _body(request.body) if operation.action.writes else {}
    allowed = _allowed(operation)
    if unknown := sorted(body.keys() - allowed):
        raise bad_request(
            f"unknown member {unknown[0]!r}; known here: {', '.join(sorted(allowed))}"
        )
    name = names.get(kind.name_field) or _text(body, kind.name_field)
    mesh = name if kind is Kind.MESH else names["meshName"]
    key = _key(kind, mesh, name, parent)
    return Call(
        operation,
        kind,
        mesh,
        parent,
        key,
        query.get("meshOwner"),
        _spec(operation, key, body),
        _tags(body.get("tags")),
        _client_token(body.get("clientToken")),
    )


def _operation(request: SignedRequest) -> tuple[Operation, Mapping[str, str]]:
    try:
        return find(request.method, request.raw_path)
    except BadName as error:
        raise bad_request(str(error)) from None
    except NoSuchOperation:
        words = f"there is no operation {request.method} on this path"
        if request.raw_path.startswith(f"{OLD_BASE}/"):
            words = "the preview API of 2018-10-01 is not served; use 2019-01-25"
        raise ApiError("UnknownOperationException", 404, words) from None


def _allowed(operation: Operation) -> frozenset[str]:
    if operation.kind is None or operation.action is Action.DELETE:
        return frozenset()
    if operation.action is Action.CREATE:
        return _CREATED | {operation.kind.name_field}
    return _UPDATED


def _body(body: bytes) -> JsonObject:
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise bad_request("the body is no JSON document") from None
    if not isinstance(found, dict):
        raise bad_request("the body is no JSON object")
    return as_object(found)


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _text(body: JsonObject, field_: str) -> str:
    found = body.get(field_)
    if not isinstance(found, str) or not found:
        raise bad_request(f"{field_} is missing")
    return found


def _key(kind: Kind, mesh: str, name: str, parent: str) -> ResourceKey:
    if mesh.startswith("arn:"):
        raise bad_request("meshName is the name of a mesh, not its ARN")
    return (
        ResourceKey.of_mesh(mesh) if kind is Kind.MESH else ResourceKey.of(kind, mesh, name, parent)
    )


def _spec(operation: Operation, key: ResourceKey, body: JsonObject) -> JsonObject | None:
    """Return the spec, checked by every rule that it must keep by itself."""
    if operation.action not in (Action.CREATE, Action.UPDATE):
        return None
    given = body.get("spec")
    if given is None and key.kind is not Kind.MESH:
        raise bad_request("spec is missing")
    if not isinstance(given, dict | None):
        raise bad_request("spec is no object")
    blob = json.dumps(document(key, given or {})).encode()
    reading = read_resources("request.json", blob)
    if problems := errors(reading.problems):
        raise invalid(problems)
    found = [each for each in reading.resources if each.key == key]
    if not found:
        raise bad_request("the names of the resource are not those of its kind")
    return spec_json(found[0].spec)


def _tags(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, list):
        raise bad_request("tags is a list of {key, value}")
    tags: dict[str, str] = {}
    for each in given:
        tag = each if isinstance(each, dict) else {}
        key, value = tag.get("key"), tag.get("value", "")
        if not (isinstance(key, str) and 1 <= len(key) <= 128 and tag.keys() <= {"key", "value"}):
            raise bad_request("a tag has a key from 1 to 128 characters")
        if not isinstance(value, str) or len(value) > 256:
            raise bad_request(f"the value of tag {key!r} has at most 256 characters")
        tags[key] = value
    if len(tags) > MOST_TAGS:
        raise ApiError("TooManyTagsException", 400, f"a resource has at most {MOST_TAGS} tags")
    return tags


def _client_token(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not _TOKEN.fullmatch(given):
        raise bad_request("clientToken has up to 64 letters, digits, - and _")
    return given


def _limit(text: str | None) -> int:
    if text is None:
        return MAX_PAGE
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_PAGE:
        raise bad_request(f"limit is from 1 to {MAX_PAGE}")
    return int(text)
