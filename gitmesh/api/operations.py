"""The 38 operations of the App Mesh API, 2019-01-25, as one table. Pure.

Create is PUT on a collection, Update is PUT on an item. Collections of a mesh have plural names. In
the path of a nested collection, its parent has the singular name (``virtualRouter/NAME/routes``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_to_bytes

from mesh.keys import APP_MESH_KINDS, Kind

BASE: Final = "/v20190125"
OLD_BASE: Final = "/v20181001"
"""The preview API of 2018, which is no longer served anywhere."""
MAX_NAME: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Action(StrEnum):
    """Effect of an operation on a resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DESCRIBE = "Describe"
    DELETE = "Delete"
    LIST = "List"
    TAG = "Tag"
    UNTAG = "Untag"
    LIST_TAGS = "ListTags"

    @property
    def writes(self) -> bool:
        """True if the action changes a resource."""
        return self not in (Action.DESCRIBE, Action.LIST, Action.LIST_TAGS)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    name: str
    """Name of the operation: ``CreateVirtualNode``."""
    method: str
    path: tuple[str, ...]
    """The segments of its path; a name in braces stands for any segment: ``{meshName}``."""
    action: Action
    kind: Kind | None
    """The kind of its resources; ``None`` for operations on tags, which take an ARN."""


class NoSuchOperation(Exception):
    """No operation has this method and path."""


class BadName(Exception):
    """A name in the path is not a valid resource name."""


def plural(kind: Kind) -> str:
    """Return the name of a collection: ``meshes``, ``virtualNodes``."""
    return "meshes" if kind is Kind.MESH else f"{kind.segment}s"


def _collection(kind: Kind) -> tuple[str, ...]:
    if kind is Kind.MESH:
        return ("meshes",)
    above = (kind.parent.segment, f"{{{kind.parent.name_field}}}") if kind.parent else ()
    return ("meshes", "{meshName}", *above, plural(kind))


def _of_kind(kind: Kind) -> Iterator[Operation]:
    collection = _collection(kind)
    item = (*collection, f"{{{kind.name_field}}}")
    many = f"{kind.value}es" if kind is Kind.MESH else f"{kind.value}s"
    yield Operation(f"Create{kind}", "PUT", collection, Action.CREATE, kind)
    yield Operation(f"Update{kind}", "PUT", item, Action.UPDATE, kind)
    yield Operation(f"Describe{kind}", "GET", item, Action.DESCRIBE, kind)
    yield Operation(f"Delete{kind}", "DELETE", item, Action.DELETE, kind)
    yield Operation(f"List{many}", "GET", collection, Action.LIST, kind)


OPERATIONS: Final[tuple[Operation, ...]] = (
    *(operation for kind in APP_MESH_KINDS for operation in _of_kind(kind)),
    Operation("TagResource", "PUT", ("tag",), Action.TAG, None),
    Operation("UntagResource", "PUT", ("untag",), Action.UNTAG, None),
    Operation("ListTagsForResource", "GET", ("tags",), Action.LIST_TAGS, None),
)


def find(method: str, raw_path: str) -> tuple[Operation, Mapping[str, str]]:
    """Return the operation of a request, and the names in its path, decoded.

    :param raw_path: the path as it was sent: an encoded ``/`` is part of a name.
    :raises NoSuchOperation: no operation has this method and path.
    :raises BadName: a name is empty, too long, not UTF-8, or contains control characters.
    """
    if not raw_path.startswith(f"{BASE}/"):
        raise NoSuchOperation
    segments = raw_path[len(BASE) + 1 :].split("/")
    for operation in OPERATIONS:
        if operation.method == method and _fits(operation.path, segments):
            names = zip(operation.path, segments, strict=True)
            return operation, {p[1:-1]: _name(s) for p, s in names if p.startswith("{")}
    raise NoSuchOperation


def _fits(pattern: tuple[str, ...], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        part.startswith("{") or part == segment
        for part, segment in zip(pattern, segments, strict=True)
    )


def _name(segment: str) -> str:
    try:
        name = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise BadName("a name in the path is not UTF-8") from None
    if not 1 <= len(name) <= MAX_NAME:
        raise BadName(f"a name in the path has from 1 to {MAX_NAME} characters")
    if _CONTROL.search(name) or segment in (".", ".."):
        raise BadName("a name in the path holds characters that no name has")
    return name
