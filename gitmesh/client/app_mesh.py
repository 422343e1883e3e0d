"""Export of all resources of an App Mesh API, through its List and Describe operations."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from gitmesh.api.operations import BASE, OPERATIONS, Action, Operation, plural
from gitmesh.client.endpoint import Endpoint, Reply
from mesh.canonical import Json, JsonObject, as_object
from mesh.errors import Retryable, UsageError
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey

MOST_RESOURCES: Final = 100_000
_PAGE: Final = 100
_PAGE_OF_TAGS: Final = 50
_BY_ACTION: Final = {(each.action, each.kind): each for each in OPERATIONS}
_TAGS: Final = _BY_ACTION[Action.LIST_TAGS, None]

Tell = Callable[[str, int, int], None]
"""Progress callback: activity, done, total."""


@dataclass(frozen=True, slots=True)
class Found:
    """The resources of an API, as its describe operations returned them, without metadata."""

    documents: dict[ResourceKey, JsonObject] = field(default_factory=dict)
    tags: dict[ResourceKey, list[Json]] = field(default_factory=dict)
    """Tags of the resources that have tags, in the order of the API's answer."""

    @property
    def texts(self) -> dict[str, bytes]:
        """Return each document as JSON text, by a file name that problems can refer to."""
        return {f"{key}.json": json.dumps(each).encode() for key, each in self.documents.items()}


@dataclass(frozen=True, slots=True)
class _Listed:
    key: ResourceKey
    arn: str
    owner: str


def fetch(endpoint: Endpoint, mesh: str = "", tell: Tell = lambda *_: None) -> Found:
    """Return all resources that the caller may see, with their tags.

    A resource that is deleted meanwhile is left out.

    :param mesh: only this mesh; all if empty.
    :raises UsageError: the endpoint refuses the caller, is not an App Mesh API, or has no such
        mesh, or more than :data:`MOST_RESOURCES` resources.
    :raises Retryable: the endpoint cannot be reached, or is overloaded.
    """
    listed: list[_Listed] = []
    for each in _everything(endpoint, mesh):
        listed.append(each)
        tell("resources found", len(listed), len(listed))
        if len(listed) > MOST_RESOURCES:
            raise UsageError(
                f"{endpoint.url} has more than {MOST_RESOURCES:,} resources",
                hint="import one mesh at a time: --mesh NAME",
            )
    found = Found()
    for done, each in enumerate(listed, 1):
        body = _described(endpoint, each)
        if body is not None:
            found.documents[each.key] = body
            if tags := _tags(endpoint, each.arn):
                found.tags[each.key] = tags
        tell("resources read", done, len(listed))
    return found


def _everything(endpoint: Endpoint, mesh: str) -> Iterator[_Listed]:
    """Yield the listed resources: each mesh, the resources in it, and those in routers and
    gateways."""
    meshes = list(_list(endpoint, Kind.MESH, "", "", ""))
    chosen = [each for each in meshes if mesh in ("", each.key.mesh)]
    if mesh and not chosen:
        names = ", ".join(each.key.mesh for each in meshes[:10]) or "none"
        raise UsageError(f"{endpoint.url} has no mesh {mesh!r}", hint=f"its meshes: {names}")
    for top in chosen:
        yield top
        for kind in APP_MESH_KINDS:
            if kind is Kind.MESH or kind.parent is not None:
                continue
            for each in _list(endpoint, kind, top.key.mesh, "", top.owner):
                yield each
                for inner in APP_MESH_KINDS:
                    if inner.parent is kind:
                        yield from _list(endpoint, inner, top.key.mesh, each.key.name, top.owner)


def _list(endpoint: Endpoint, kind: Kind, mesh: str, parent: str, owner: str) -> Iterator[_Listed]:
    operation = _BY_ACTION[Action.LIST, kind]
    names = {"meshName": mesh, f"{kind.within}Name": parent}
    for item in _pages(endpoint, operation, names, {"meshOwner": owner}, plural(kind)):
        name, arn = item.get(kind.name_field), item.get("arn")
        if not isinstance(name, str) or not name or not isinstance(arn, str):
            raise _foreign(endpoint)
        key = (
            ResourceKey.of_mesh(name)
            if kind is Kind.MESH
            else ResourceKey.of(kind, mesh, name, parent)
        )
        yield _Listed(key, arn, str(item.get("meshOwner") or owner))


def _pages(
    endpoint: Endpoint, operation: Operation, names: dict[str, str], query: dict[str, str], of: str
) -> Iterator[JsonObject]:
    """Yield the items of all pages of a list; nothing if the parent resource was deleted.

    :raises UsageError: the pages do not end.
    """
    seen: set[str] = set()
    token = ""
    while True:
        limit = _PAGE_OF_TAGS if operation is _TAGS else _PAGE
        asked = {**query, "limit": str(limit), "nextToken": token}
        answer = _answer(endpoint, operation, names, asked)
        items = None if answer is None else answer.get(of)
        if answer is None:
            return
        if not isinstance(items, list):
            raise _foreign(endpoint)
        yield from map(as_object, items)
        token = str(answer.get("nextToken") or "")
        if not token:
            return
        if token in seen:
            raise UsageError(
                f"the pages of {operation.name} at {endpoint.url} do not end",
                hint="check the address: this is not an App Mesh API",
            )
        seen.add(token)


def _described(endpoint: Endpoint, each: _Listed) -> JsonObject | None:
    kind = each.key.kind
    names = {"meshName": each.key.mesh, f"{kind.within}Name": each.key.parent}
    names[kind.name_field] = each.key.name
    operation = _BY_ACTION[Action.DESCRIBE, kind]
    found = _answer(endpoint, operation, names, {"meshOwner": each.owner})
    # Times of an API are fractions, which a spec file has none of.
    return None if found is None else {k: v for k, v in found.items() if k != "metadata"}


def _tags(endpoint: Endpoint, arn: str) -> list[Json]:
    found = _pages(endpoint, _TAGS, {}, {"resourceArn": arn}, "tags")
    return [{"key": tag.get("key"), "value": tag.get("value") or ""} for tag in found]


def _answer(
    endpoint: Endpoint, operation: Operation, names: dict[str, str], query: dict[str, str]
) -> JsonObject | None:
    """Return the answer to a call; ``None`` if the resource was deleted."""
    parts = [names[p[1:-1]] if p.startswith("{") else p for p in operation.path]
    path = "/".join([BASE, *(quote(part, safe="-_.~") for part in parts)])
    given = urlencode({name: value for name, value in sorted(query.items()) if value})
    reply = endpoint.ask(operation.method, path, given.replace("+", "%20"))
    if reply.status == 404 and reply.error_type == "NotFoundException":
        return None
    if reply.status == 501 and operation is _TAGS:  # servers that keep no tags
        return None
    if reply.status != 200:
        raise _refused(endpoint, operation, reply)
    return as_object(_json(endpoint, reply))


def _json(endpoint: Endpoint, reply: Reply) -> JsonObject:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise _foreign(endpoint) from None
    if not isinstance(found, dict):
        raise _foreign(endpoint)
    return as_object(found)


def _foreign(endpoint: Endpoint) -> UsageError:
    return UsageError(
        f"{endpoint.url} does not answer like an App Mesh API",
        hint="give the address of an App Mesh API: https://appmesh.eu-west-1.amazonaws.com",
    )


def _refused(endpoint: Endpoint, operation: Operation, reply: Reply) -> UsageError | Retryable:
    code = reply.error_type
    if not code:
        return _foreign(endpoint)
    words = _json(endpoint, reply).get("message") or code
    message = f"{endpoint.url} refuses {operation.name}: {words}"
    if reply.status in (429, 500, 502, 503, 504):
        return Retryable(message, hint="run it again a moment later")
    if code in ("ForbiddenException", "AccessDeniedException"):
        hint = "the caller needs appmesh:List*, appmesh:Describe* and appmesh:ListTagsForResource"
        return UsageError(message, hint=hint)
    return UsageError(message, hint=_CREDENTIALS.get(code, "see the message above"))


_CREDENTIALS: Final = {
    **dict.fromkeys(
        ("MissingAuthenticationTokenException", "UnrecognizedClientException"),
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    ),
    "InvalidSignatureException": "check the secret key, the region (--region) and the clock",
    "SignatureDoesNotMatch": "check the secret key, the region (--region) and the clock",
    "ExpiredTokenException": "the session is over: log in again, and export its credentials",
}
