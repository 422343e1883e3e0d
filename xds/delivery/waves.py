"""Order in which the proxies of different nodes receive one commit. Pure.

A commit that switches TLS on for a listener affects the node's own proxies and those of its
callers, which must stop sending plain text. Proxies never switch at the same moment, so a server
must accept a new protocol before any client uses it, and must accept the old one until no client
uses it.
"""

from collections.abc import Iterable

from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from xds.nodes import ProxyIdentity

Waves = tuple[tuple[ProxyIdentity, ...], ...]

_FIRST, _REST, _LAST = range(3)
_PLAIN, _TLS = "plain", "tls"
_SPOKEN = {"PERMISSIVE": frozenset({_PLAIN, _TLS}), "STRICT": frozenset({_TLS})}


def waves(
    before: MeshGraph,
    after: MeshGraph,
    identities: Iterable[ProxyIdentity],
    changed: Iterable[ResourceKey] = (),
) -> Waves:
    """Return the identities in waves; each wave is offered after the previous one had time to
    acknowledge.

    First come nodes that accept more than before, then all others, last nodes that accept less.
    Nearly always there is only one wave. If one commit changes a listener from no TLS to STRICT, or
    back, no order is safe; a commit with PERMISSIVE in between makes it safe.

    :param changed: nodes that may have changed. They include nodes without proxies on this server:
        their wave is empty here, but may have proxies on another server, so that all servers of a
        mesh use the same waves.
    """
    groups: tuple[list[ProxyIdentity], ...] = ([], [], [])
    for identity in identities:
        groups[_turn(before, after, identity.key)].append(identity)
    turns = {_turn(before, after, key) for key in changed} - {_REST}
    # All servers must use the same waves, so nodes in the first or last wave are listed by all.
    needed = turns | {_REST} if turns else turns
    return tuple(tuple(group) for turn, group in enumerate(groups) if group or turn in needed)


def _turn(before: MeshGraph, after: MeshGraph, key: ResourceKey) -> int:
    """Return the wave of a node: the first if the node accepts more protocols, the last if it
    accepts fewer."""
    if before.get(key) is after.get(key):
        return _REST
    old, new = _understood(before, key), _understood(after, key)
    ports = old.keys() & new.keys()
    if any(new[port] - old[port] for port in ports):
        return _FIRST
    return _LAST if any(old[port] - new[port] for port in ports) else _REST


def _understood(graph: MeshGraph, key: ResourceKey) -> dict[int, frozenset[str]]:
    """Return the protocols that each port of a node accepts; empty if the key is not a node's."""
    node = graph.node(key.mesh, key.name) if key.kind is Kind.VIRTUAL_NODE else None
    return {
        listener.port_mapping.port: _SPOKEN.get(
            listener.tls.mode if listener.tls is not None else "", frozenset({_PLAIN})
        )
        for listener in (node.listeners if node is not None else None) or ()
    }
