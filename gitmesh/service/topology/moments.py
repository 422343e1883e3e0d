"""Linked meshes of moments, kept for pages that are loaded again and again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.access.permission import Permission
from gitmesh.access.visibility import visible_state
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.queries.pins import pinned
from gitmesh.topology.comparison import compared
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Topology
from mesh.graph.mesh_graph import MeshGraph

_Value = TypeVar("_Value")
_GRAPHS: Final = 6
_TOPOLOGIES: Final = 12


class Recent(Generic[_Value]):
    """The values that were used last, by key. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, _Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of a key; it is made if it was not used lately."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


class Topologies:
    """Topologies of moments of logs, as callers with a permission may see them."""

    def __init__(self) -> None:
        self._graphs: Recent[MeshGraph] = Recent(_GRAPHS)
        self._topologies: Recent[Topology] = Recent(_TOPOLOGIES)

    def at(self, log: EventReader, path: Path, seq: Seq, permission: Permission) -> Topology:
        """Return the topology at a position of the mesh chain."""
        return self._topologies.get(
            (path, seq, permission),
            lambda: mesh_topology(self._graph(log, path, seq, permission)),
        )

    def between(
        self, log: EventReader, path: Path, before: Seq, after: Seq, permission: Permission
    ) -> Topology:
        """Return one topology of two positions, with marks of what differs."""
        return self._topologies.get(
            (path, before, after, permission),
            lambda: compared(
                self._graph(log, path, before, permission),
                self._graph(log, path, after, permission),
            ),
        )

    def _graph(self, log: EventReader, path: Path, seq: Seq, permission: Permission) -> MeshGraph:
        return self._graphs.get(
            (path, seq, permission),
            lambda: logged_mesh(visible_state(log.state(seq), permission)),
        )


def served_seq(log: EventReader) -> Seq:
    """Return the position of the mesh that is served now."""
    pin = pinned(log)
    return log.head(Chain.MESH).seq if pin is None else pin.mesh_seq
