"""Sharing: what many proxies get is built once.

A virtual service is called by many nodes, and each of them gets the same clusters and routes for
it. The functions that build these are pure and their messages are never changed, so they may be
remembered; after a commit only what it touched is built again.
"""

from typing import Any, Final
from weakref import ref

from mesh.graph import MeshGraph

SHARED: Final = 4096
"""How many results of one function are remembered; each is a few kilobytes."""

_newest: list[tuple["ref[MeshGraph]", dict[str, dict[Any, Any]]]] = []


def of_graph(graph: MeshGraph, what: str) -> dict[Any, Any]:
    """Return what has been worked out of this very graph, to be added to: a memory of its own for
    each ``what``.

    A commit concerns many callers of one service, and all of them ask the same of the same graph.
    """
    for seen, known in _newest:
        if seen() is graph:
            return known.setdefault(what, {})
    _newest[:] = [(ref(graph), {})]
    return _newest[0][1].setdefault(what, {})
