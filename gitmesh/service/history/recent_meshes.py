"""Meshes of moments of one log, kept for pages that are loaded again and again."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, cast

from events.encoding.codec import decode
from events.state import MeshState, apply_all
from events.store import EventReader
from events.types import Chain, MeshEvent, Record, Seq
from gitmesh.queries.logged_mesh import logged_mesh
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import settings_from_json
from mesh.keys import ResourceKey
from mesh.linking import relink, with_settings
from mesh.resource import Resource, spec_from_json

_KEPT: Final = 8
_NEAR: Final = 500
"""Number of events that are applied to a known mesh rather than reading the whole mesh."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A mesh at a position of the mesh chain."""

    state: MeshState
    graph: MeshGraph


class RecentMeshes:
    """Meshes of one log that were asked for last. Threads may share it.

    Another mesh is made from the nearest known one, so its cost is proportional to what differs.
    """

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._known: OrderedDict[Seq, _Known] = OrderedDict()
        self._lock = Lock()

    def state(self, seq: Seq | None = None) -> MeshState:
        """Return the mesh after an event, or at the head of the mesh chain.

        :raises UsageError: the mesh chain has no such position.
        """
        return self._at(seq).state

    def graph(self, seq: Seq | None = None) -> MeshGraph:
        """Return the linked mesh after an event, or at the head of the mesh chain.

        :raises UsageError: the mesh chain has no such position.
        """
        return self._at(seq).graph

    def _at(self, seq: Seq | None) -> _Known:
        seq = self._log.head(Chain.MESH).seq if seq is None else seq
        with self._lock:
            if (found := self._known.get(seq)) is not None:
                self._known.move_to_end(seq)
                return found
            near = min(self._known, key=lambda known: abs(known - seq), default=None)
            base = None if near is None else self._known[near]
        made = self._made(seq, base)
        with self._lock:
            self._known[seq] = made
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return made

    def _made(self, seq: Seq, base: _Known | None) -> _Known:
        if base is None:
            state = self._log.state(seq)
            return _Known(state, logged_mesh(state))
        state = self._state(seq, base.state)
        changes = {
            key: _resource(key, state.resources.get(key))
            for key in state.resources.keys() | base.state.resources.keys()
            if state.resources.get(key) is not base.state.resources.get(key)
        }
        graph = relink(base.graph, changes)
        return _Known(state, with_settings(graph, settings_from_json(state.settings)))

    def _state(self, seq: Seq, base: MeshState) -> MeshState:
        """Return the state; specs that are equal to those of ``base`` are the same objects."""
        if base.seq <= seq <= base.seq + _NEAR:
            between = list(self._log.read(Chain.MESH, after=base.seq, limit=seq - base.seq))
            if len(between) == seq - base.seq:
                return apply_all(base, map(_event, between))
        state = self._log.state(seq)
        return replace(state, resources=_shared(state.resources, base.resources))


def _event(record: Record) -> tuple[Seq, MeshEvent]:
    return record.seq, cast("MeshEvent", decode(record))


def _shared(
    found: Mapping[ResourceKey, JsonObject], known: Mapping[ResourceKey, JsonObject]
) -> Mapping[ResourceKey, JsonObject]:
    return {
        key: earlier if (earlier := known.get(key)) == spec else spec for key, spec in found.items()
    }


def _resource(key: ResourceKey, spec: JsonObject | None) -> Resource | None:
    return None if spec is None else Resource(key, spec_from_json(key, spec))
