"""Parsing of requests to calls of the App Mesh API; all rules for a single request are checked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

from gitmesh.access.duration import parse_duration
from gitmesh.api.arns import Arn, read_arn
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
from gitmesh.service.changes.change_set_files import NAME as CHANGE_NAME
from mesh.canonical import JsonObject, as_object
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from mesh.resource import spec_json

CHANGE_HEADER: Final = "x-gitmesh-change"
"""Names the change set that keeps a call."""
WAIT_HEADER: Final = "x-gitmesh-wait"
"""Says how long the answer to a write may wait until proxies have its commit."""
MAX_WAIT: Final = timedelta(seconds=60)
MAX_PAGE: Final = 100
MAX_PAGE_OF_TAGS: Final = 50
MOST_TAGS: Final = 50
UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CREATED: Final = frozenset({"spec", "tags", "clientToken"})
_UPDATED: Final = frozenset({"spec", "clientToken"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation."""

    operation: Operation
    kind: Kind
    mesh: str
    parent: str
    key: ResourceKey | None
    """The resource; ``None`` for a list."""
    owner: str | None
    """The account that owns the mesh, if the request names it."""
    spec: JsonObject | None = None
    """The new spec, in the order of the models; ``None`` for an operation without a spec."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags to add, or those of a new resource."""
    tag_keys: tuple[str, ...] = ()
    """The keys of the tags to remove."""
    arn: Arn | None = None
    """ARN of the resource, in a call about tags; then ``key`` is None."""
    client_token: str | None = None
    limit: int = MAX_PAGE
    next_token: str | None = None
    change: str | None = None
    """The change set that keeps the call until it is committed."""
    wait: timedelta | None = None
    """Maximum time that the answer waits for proxies to have the commit."""


def read_call(request: SignedRequest) -> Call:
    """Parse a request to a call.

    :raises ApiError: there is no such operation, or the request breaks one of its rules.
    """
    change = dict(request.headers).get(CHANGE_HEADER)
    if change is not None and not CHANGE_NAME.fullmatch(change):
        raise bad_request(
            "x-gitmesh-change names a change: up to 64 letters, digits, ., _ and -, the first a "
            "letter or a digit"
        )
    return replace(_read(request), change=change, wait=_wait(dict(request.headers)))


def _wait(headers: Mapping[str, str]) -> timedelta | None:
    given = headers.get(WAIT_HEADER)
    if given is None:
        return None
    try:
        found = parse_duration(given)
    except UsageError:
        found = timedelta()
    if not timedelta() < found <= MAX_WAIT:
        raise bad_request(f"{WAIT_HEADER} is from 1s to {MAX_WAIT.total_seconds():.0f}s")
    return found


def _read(request: SignedRequest) -> Call:
    operation, names = _operation(request)
    query = _query(request.raw_query)
    if operation.kind is None:
        return _about_tags(operation, query, request.body)
    kind = operation.kind
    parent = names.get(kind.parent.name_field, "") if kind.parent else ""
    if operation.action is Action.LIST:
        mesh, limit = names.get("meshName", ""), _limit(query.get("limit"), MAX_PAGE)
        owner, token = query.get("meshOwner"), query.get("nextToken")
        return Call(operation, kind, mesh, parent, None, owner, limit=limit, next_token=token)
    body = _members(request.body, _allowed(operation)) if operation.action.writes else {}
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
        client_token=_client_token(body.get("clientToken")),
    )


def _about_tags(operation: Operation, query: Mapping[str, str], body: bytes) -> Call:
    arn = read_arn(query.get("resourceArn", ""))
    call = Call(operation, arn.keys[0].kind, "", "", None, None, arn=arn)
    if operation.action is Action.LIST_TAGS:
        limit = _limit(query.get("limit"), MAX_PAGE_OF_TAGS)
        return replace(call, limit=limit, next_token=query.get("nextToken"))
    member = "tags" if operation.action is Action.TAG else "tagKeys"
    found = _members(body, frozenset({member})).get(member)
    if found is None:
        raise bad_request(f"{member} is missing")
    if operation.action is Action.TAG:
        return replace(call, tags=_tags(found))
    return replace(call, tag_keys=_tag_keys(found))


def _query(text: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise bad_request("the query is not UTF-8") from None


def _members(body: bytes, allowed: frozenset[str]) -> JsonObject:
    found = _body(body)
    if unknown := sorted(found.keys() - allowed):
        known = ", ".join(sorted(allowed)) or "none"
        raise bad_request(f"unknown member {unknown[0]!r}; known here: {known}")
    return found


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
        raise bad_request("the body is not a JSON document") from None
    if not isinstance(found, dict):
        raise bad_request("the body is not a JSON object")
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
    if name in (".", ".."):
        raise bad_request(f"{kind.name_field} {name!r} could not be named in the path of a request")
    return (
        ResourceKey.of_mesh(mesh) if kind is Kind.MESH else ResourceKey.of(kind, mesh, name, parent)
    )


def _spec(operation: Operation, key: ResourceKey, body: JsonObject) -> JsonObject | None:
    """Return the spec, after checking all rules for a single document."""
    if operation.action not in (Action.CREATE, Action.UPDATE):
        return None
    given = body.get("spec")
    if given is None and key.kind is not Kind.MESH:
        raise bad_request("spec is missing")
    if not isinstance(given, dict | None):
        raise bad_request("spec is not an object")
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
        raise bad_request("tags must be a list of {key, value}")
    tags: dict[str, str] = {}
    for each in given:
        tag = each if isinstance(each, dict) else {}
        if tag.keys() != {"key", "value"}:
            raise bad_request("a tag must have a key and a value")
        key, value = _tag_key(tag["key"]), tag["value"]
        if not isinstance(value, str) or len(value) > 256 or UNWRITABLE.search(value):
            raise bad_request(f"the value of tag {key!r} has at most 256 printable characters")
        if key in tags:
            raise bad_request(f"the tag {key!r} is given twice")
        tags[key] = value
    if len(tags) > MOST_TAGS:
        raise too_many_tags()
    return tags


def _tag_keys(given: object) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise bad_request("tagKeys must be a list of tag keys")
    if len(given) > MOST_TAGS:
        raise bad_request(f"tagKeys has at most {MOST_TAGS} keys")
    return tuple(map(_tag_key, given))


def _tag_key(given: object) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= 128 or UNWRITABLE.search(given):
        raise bad_request("the key of a tag has from 1 to 128 printable characters")
    if given.lower().startswith("aws:"):
        raise bad_request("keys of tags that begin with aws: are reserved")
    return given


def too_many_tags() -> ApiError:
    """Return the error for more tags than a resource may have."""
    return ApiError("TooManyTagsException", 400, f"a resource has at most {MOST_TAGS} tags")


def _client_token(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not _TOKEN.fullmatch(given):
        raise bad_request("clientToken has up to 64 letters, digits, - and _")
    return given


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return most
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= most:
        raise bad_request(f"limit must be from 1 to {most}")
    return int(text)
