"""Kinds of resources, and resource keys with their one string form.

The string form is the resource part of an App Mesh ARN, ``mesh/shop/virtualRouter/cart/route/all``.
Log, golden files, console and Envoy's ``node.id`` all use it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

from mesh.errors import UsageError


class Kind(StrEnum):
    """A kind of resource; the value is its name in specs, log and command line."""

    MESH = "Mesh"
    VIRTUAL_SERVICE = "VirtualService"
    VIRTUAL_NODE = "VirtualNode"
    VIRTUAL_ROUTER = "VirtualRouter"
    ROUTE = "Route"
    VIRTUAL_GATEWAY = "VirtualGateway"
    GATEWAY_ROUTE = "GatewayRoute"
    SERVICE_INSTANCES = "ServiceInstances"
    """Our own kind: instances that AWS Cloud Map would have found. The others are App Mesh's."""

    # Enum's own hash is a Python function, and every lookup by key would call it.
    __hash__ = str.__hash__

    @property
    def segment(self) -> str:
        """Return the word for this kind in ARNs: ``virtualNode`` for a ``VirtualNode``."""
        return self.value[0].lower() + self.value[1:]

    @property
    def parent(self) -> "Kind | None":
        """Return the kind that contains resources of this kind, besides the mesh."""
        return _PARENT.get(self)

    @property
    def within(self) -> str:
        """Return the ARN word for the container of a resource of this kind, besides its mesh.

        This is the word for its parent, or, for service instances, the word for their namespace,
        which is not a resource.
        """
        if self is Kind.SERVICE_INSTANCES:
            return "namespace"
        return self.parent.segment if self.parent is not None else ""

    @property
    def name_field(self) -> str:
        """Return the document field that names a resource of this kind, such as ``routeName``."""
        if self is Kind.SERVICE_INSTANCES:
            return "serviceName"
        return f"{self.segment}Name"


_PARENT = {Kind.ROUTE: Kind.VIRTUAL_ROUTER, Kind.GATEWAY_ROUTE: Kind.VIRTUAL_GATEWAY}
_BY_PATH = {(kind.within, kind.segment): kind for kind in Kind if kind is not Kind.MESH}
APP_MESH_KINDS = tuple(kind for kind in Kind if kind is not Kind.SERVICE_INSTANCES)
"""The kinds of App Mesh itself, which other tools know."""
_PLAIN = re.compile(r"[A-Za-z0-9._@:*+~-]*")


def _escape(name: str) -> str:
    # App Mesh allows any character in names; a "/" or space in one must not look like a separator.
    return name if _PLAIN.fullmatch(name) else quote(name, safe="._@:*+~-")


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """Identity of a resource. Sorts by mesh, then kind, then parent, then name."""

    mesh: str
    kind: Kind
    parent: str
    """Name of the containing resource, such as a route's virtual router; else ``""``."""
    name: str
    """Name of the resource; for a mesh the same as ``mesh``."""

    @classmethod
    def of_mesh(cls, mesh: str) -> Self:
        """Return the key of the mesh itself."""
        return cls(mesh, Kind.MESH, "", mesh)

    @classmethod
    def of(cls, kind: Kind, mesh: str, name: str, parent: str = "") -> Self:
        """Return the key of a resource other than a mesh.

        :raises ValueError: ``parent`` is missing for a kind that has one, or given for one that has
            none.
        """
        if bool(parent) != bool(kind.within):
            raise ValueError(f"{kind} {name!r}: parent {parent!r} does not fit the kind")
        return cls(mesh, kind, parent, name)

    def __str__(self) -> str:
        return _text(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the string form; ``parse(str(key)) == key``. A whole ARN is accepted, too.

        :raises UsageError: the text is not the string form of a key.
        """
        _, arn, resource = text.partition(":mesh/") if text.startswith("arn:") else ("", "", "")
        parts = (f"mesh/{resource}" if arn else text).split("/")
        names = [unquote(part) for part in parts[1::2]]
        if len(parts) % 2 == 0 and all(names):
            match parts[0::2]:
                case ["mesh"]:
                    return cls.of_mesh(names[0])
                case ["mesh", word] if ("", word) in _BY_PATH:
                    return cls.of(_BY_PATH["", word], names[0], names[1])
                case ["mesh", within, word] if within and (within, word) in _BY_PATH:
                    return cls.of(_BY_PATH[within, word], names[0], names[2], names[1])
        raise UsageError(
            f"{text!r} does not name a resource",
            hint="write mesh/shop/virtualNode/cart or mesh/shop/virtualRouter/cart/route/all",
        )


# Cached, because a log refers to the same few resources many times.
@lru_cache(maxsize=1 << 16)
def _text(key: ResourceKey) -> str:
    path = f"mesh/{_escape(key.mesh)}"
    if key.kind is Kind.MESH:
        return path
    if key.kind.within:
        path += f"/{key.kind.within}/{_escape(key.parent)}"
    return f"{path}/{key.kind.segment}/{_escape(key.name)}"
