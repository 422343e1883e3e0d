"""The existing specs around a new resource: its mesh, and related resources."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.linking import EMPTY
from mesh.spec import VirtualGatewaySpec, VirtualRouterSpec
from reconciler.directory import is_small, read_directory

_FILES: Final = 5_000
"""Maximum number of spec files in a folder; with more, it is not read for defaults."""
_WORDS: Final = {
    Kind.MESH: "mesh",
    Kind.VIRTUAL_SERVICE: "service",
    Kind.VIRTUAL_NODE: "node",
    Kind.VIRTUAL_ROUTER: "router",
    Kind.ROUTE: "route",
    Kind.VIRTUAL_GATEWAY: "gateway",
    Kind.GATEWAY_ROUTE: "gateway-route",
}
"""Names of the kinds in ``gitmesh new``."""
KIND_OF: Final = {word: kind for kind, word in _WORDS.items()}


def surroundings(folder: Path) -> MeshGraph:
    """Return the mesh of a folder's specs; an empty mesh if it has too many files."""
    return read_directory(folder).graph if is_small(folder, _FILES) else EMPTY


def only(kind: Kind, graph: MeshGraph, mesh: str = "") -> str:
    """Return the name of the only resource of a kind.

    :raises UsageError: there is none, or there are several; the hint has the option to name one.
    """
    names = sorted(
        key.name for key in graph.resources if key.kind is kind and mesh in ("", key.mesh)
    )
    if len(names) == 1:
        return names[0]
    word = _WORDS[kind]
    found = f"there are several: {', '.join(names[:5])}" if names else "the specs here have none"
    raise UsageError(
        f"which {word}? {found}",
        hint=f"name it: --{word} {names[0] if names else word.upper()}"
        + ("" if names else f"; make one with: gitmesh new {word} NAME"),
    )


def protocol_of(graph: MeshGraph, key: ResourceKey) -> str | None:
    """Return the protocol of the first listener of a router or gateway, if it exists."""
    found = graph.resources.get(key)
    match found.spec if found else None:
        case VirtualRouterSpec(listeners=listeners) | VirtualGatewaySpec(listeners=listeners):
            return listeners[0].port_mapping.protocol if listeners else None
    return None


def missing(needs: Iterable[ResourceKey], graph: MeshGraph) -> list[ResourceKey]:
    """Return those resources that do not exist, each once."""
    return [key for key in dict.fromkeys(needs) if key not in graph.resources]


def command_for(key: ResourceKey) -> str:
    """Return the command that creates a resource."""
    import shlex

    words = ["gitmesh", "new", _WORDS[key.kind], key.name]
    if key.kind is not Kind.MESH:
        words += ["--mesh", key.mesh]
    return shlex.join(words)
