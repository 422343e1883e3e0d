"""In which order the proxies of several nodes are told of one commit. Pure.

A commit that switches TLS on for a listener concerns the node's own proxies, and those of its
callers, which are no longer to speak plain text. No two proxies are told at the same moment: who
answers must understand a new way of speaking before anybody uses it, and an old one until nobody
does.
"""

from collections.abc import Iterable

from mesh.graph import MeshGraph
from mesh.keys import Kind, ResourceKey
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
    """Return the identities in groups, each to be told when the one before it had time to answer.

    First the nodes that understand more than before, then everybody else, last the nodes that
    understand less. Nearly always that is one group. From no TLS to STRICT, or back, in one commit
    there is no order in which nothing breaks; by way of PERMISSIVE there is.

    :param changed: what may have changed, whoever is connected here. Where its proxies may be
        connected to another server there is a group for them, be it empty, so that all servers of
        a mesh have the same groups.
    """
    groups: tuple[list[ProxyIdentity], ...] = ([], [], [])
    for identity in identities:
        groups[_turn(before, after, identity.key)].append(identity)
    turns = {_turn(before, after, key) for key in changed} - {_REST}
    # Whoever goes before or after everybody else must be told so by all of them.
    needed = turns | {_REST} if turns else turns
    return tuple(tuple(group) for turn, group in enumerate(groups) if group or turn in needed)


def _turn(before: MeshGraph, after: MeshGraph, key: ResourceKey) -> int:
    """Return the group of a node: first those that understand more, last those that do less."""
    old, new = _understood(before, key), _understood(after, key)
    ports = old.keys() & new.keys()
    if any(new[port] - old[port] for port in ports):
        return _FIRST
    return _LAST if any(old[port] - new[port] for port in ports) else _REST


def _understood(graph: MeshGraph, key: ResourceKey) -> dict[int, frozenset[str]]:
    """Return what may be spoken on each port of a node; nothing of what is no node."""
    node = graph.node(key.mesh, key.name) if key.kind is Kind.VIRTUAL_NODE else None
    return {
        listener.port_mapping.port: _SPOKEN.get(
            listener.tls.mode if listener.tls is not None else "", frozenset({_PLAIN})
        )
        for listener in (node.listeners if node is not None else None) or ()
    }
