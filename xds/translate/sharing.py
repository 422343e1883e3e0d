"""Caches of translated parts that many proxies share.

Many nodes call the same virtual service and get the same clusters and routes for it. The functions
that build them are pure and their messages are never changed, so results are cached; after a commit
only the changed parts are built again.
"""

from typing import Any, Final
from weakref import ref

from mesh.linking import MeshGraph

SHARED: Final = 4096
"""Maximum cached results per function; each takes a few kilobytes."""

_newest: list[tuple["ref[MeshGraph]", dict[str, dict[Any, Any]]]] = []


def of_graph(graph: MeshGraph, what: str) -> dict[Any, Any]:
    """Return the cache for this graph object and this purpose; the caller fills it.

    A commit affects many callers of one service, which all need the same results from the same
    graph.
    """
    for seen, known in _newest:
        if seen() is graph:
            return known.setdefault(what, {})
    _newest[:] = [(ref(graph), {})]
    return _newest[0][1].setdefault(what, {})
