"""Filters of meshes, commits, events and proxies by the permission of a caller. Pure.

A caller with limited permissions gets answers that are derived only from resources that they may
read.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from events.deliveries import Proxy
from events.state import MeshState
from events.types import Chain, Record
from gitmesh.access.permission import Permission
from gitmesh.queries.commits import LoggedCommit
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.linking import link, with_settings

_OF_A_RESOURCE: Final = frozenset(
    {"ResourceAdded", "ResourceChanged", "ResourceRemoved", "TrafficShifted"}
)
_OF_A_PROXY: Final = frozenset({"ProxyConnected", "ProxyDisconnected"})


def visible_state(state: MeshState, permission: Permission) -> MeshState:
    """Return a state with only the resources that the caller may read."""
    if permission.reads_all:
        return state
    kept = {key: spec for key, spec in state.resources.items() if permission.may_read(key)}
    return replace(state, resources=kept)


def visible_graph(graph: MeshGraph, permission: Permission) -> MeshGraph:
    """Return the linked mesh of only the resources that the caller may read."""
    if permission.reads_all:
        return graph
    kept = [each for key, each in graph.resources.items() if permission.may_read(key)]
    return with_settings(link(kept), graph.settings)


def is_visible(record: Record, permission: Permission) -> bool:
    """Return whether the caller may see an event.

    Events about commits, servers and pushes concern the whole repository: only callers who may read
    everything see them. The same holds for refusals of a proxy, which name resources of others.
    """
    if permission.reads_all:
        return True
    if record.kind not in (_OF_A_RESOURCE if record.chain is Chain.MESH else _OF_A_PROXY):
        return False
    key = _key(record.subject)
    return key is not None and permission.may_read(key)


def visible_commit(found: LoggedCommit, permission: Permission) -> LoggedCommit | None:
    """Return a commit; ``None`` if it changes a resource that the caller may not read.

    Only callers who may read everything get its delivery, which counts all proxies.
    """
    if permission.reads_all:
        return found
    changes = found.records[1:]
    if found.rejected or not changes or not all(is_visible(each, permission) for each in changes):
        return None
    return replace(found, delivery=(), rewritten=None, instead=None)


def visible_proxies(proxies: Iterable[Proxy], permission: Permission) -> tuple[Proxy, ...]:
    """Return the proxies of nodes that the caller may read, with refusals only in meshes that they
    may read completely."""
    if permission.reads_all:
        return tuple(proxies)
    shown = []
    for proxy in proxies:
        key = _key(proxy.node)
        if key is not None and permission.may_read(key):
            whole = permission.reads_mesh(key.mesh)
            shown.append(proxy if whole else replace(proxy, refusal=None))
    return tuple(shown)


def _key(text: str) -> ResourceKey | None:
    try:
        return ResourceKey.parse(text)
    except UsageError:
        return None
