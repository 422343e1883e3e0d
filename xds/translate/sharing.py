"""Caches of translated parts that many proxies share.

Many nodes call the same virtual service and get the same clusters and routes for it. The functions
that build them are pure and their messages are never changed, so results are cached; after a commit
only the changed parts are built again.
"""

from typing import Any, Final

from mesh.linking import MeshGraph
from xds.wire.identity_cache import IdentityCache

SHARED: Final = 4096
"""Maximum cached results per function; each takes a few kilobytes."""

_known: Final = IdentityCache[MeshGraph, dict[str, dict[Any, Any]]]()


def of_graph(graph: MeshGraph, what: str) -> dict[Any, Any]:
    """Return the cache for this graph object and this purpose; the caller fills it.

    A commit affects many callers of one service, which all need the same results from the same
    graph. The cache lives as long as the graph, so nothing in it may refer to the graph.
    """
    return _known.get(graph, lambda _: {}).setdefault(what, {})
