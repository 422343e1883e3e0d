"""Topologies of moments, kept for pages that are loaded again and again."""

from pathlib import Path
from typing import Final

from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.access.permission import Permission
from gitmesh.access.visibility import visible_graph
from gitmesh.queries.pins import pinned
from gitmesh.service.history.recent_meshes import RecentMeshes
from gitmesh.service.recent import Recent
from gitmesh.topology.comparison import compared
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Topology

_TOPOLOGIES: Final = 12


class Topologies:
    """Topologies of moments of logs, as callers with a permission may see them."""

    def __init__(self) -> None:
        self._topologies: Recent[Topology] = Recent(_TOPOLOGIES)

    def at(self, meshes: RecentMeshes, path: Path, seq: Seq, permission: Permission) -> Topology:
        """Return the topology at a position of the mesh chain."""
        return self._topologies.get(
            (path, seq, permission),
            lambda: mesh_topology(visible_graph(meshes.graph(seq), permission)),
        )

    def between(
        self, meshes: RecentMeshes, path: Path, before: Seq, after: Seq, permission: Permission
    ) -> Topology:
        """Return one topology of two positions, with marks of what differs."""
        return self._topologies.get(
            (path, before, after, permission),
            lambda: compared(
                visible_graph(meshes.graph(before), permission),
                visible_graph(meshes.graph(after), permission),
            ),
        )


def served_seq(log: EventReader) -> Seq:
    """Return the position of the mesh that is served now."""
    pin = pinned(log)
    return log.head(Chain.MESH).seq if pin is None else pin.mesh_seq
