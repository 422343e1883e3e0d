"""Earlier snapshots and refusals from the log, to find the causes of a refusal."""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from events.types import Seq
from mesh.errors import GitmeshError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.linking import relink
from mesh.resource import Resource
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.acceptance import Refusal
from xds.refusals.refusal_causes import Build, refused_names, specs_at_fault, specs_influencing
from xds.snapshots import walk_back
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import Snapshot, build_snapshot, resource_name
from xds.snapshots.walk_back import go_back, resources_of
from xds.wire.encode import encode

_log = logging.getLogger(__name__)

Changes = Mapping[ResourceKey, Resource | None]


class KnownRefusal(Protocol):
    """A refused snapshot."""

    @property
    def snapshot(self) -> str:
        """Version of the snapshot."""

    @property
    def at_s(self) -> float:
        """Time of the refusal, in seconds since the epoch."""


class Past(walk_back.Past, Protocol):
    """Queries on the log; implemented by :class:`events.deliveries.Past`."""

    def refusals(self) -> Mapping[str, KnownRefusal]:
        """Return the refused snapshots, by node id."""


class RefusalHistory:
    """Rebuilds earlier snapshots of proxies, and finds the specs that caused a refusal."""

    def __init__(self, cache: SnapshotCache, past: Past | None) -> None:
        """Use the queries of ``past``; without it, only the time since the server's start is
        known."""
        self._cache = cache
        self._past = past
        self._graph: tuple[Seq, Seq, MeshGraph] | None = None
        """The earlier mesh's graph that was built last: many callers need the same one."""

    def refusals(self) -> dict[str, Refusal]:
        """Return the refused snapshots with their times, by node id."""
        if self._past is None:
            return {}
        return {node: (each.snapshot, each.at_s) for node, each in self._past.refusals().items()}

    def recall(self, identity: ProxyIdentity) -> Snapshot | None:
        """Return the snapshot for the mesh that the identity's node accepted last.

        ``None`` if the node accepted none, or the log cannot be read now.
        """
        past, state = self._past, self._cache.state
        if past is None or state is None:
            return None
        try:
            before = past.accepted(str(identity.key))
            if before is None or before >= state.seq:
                return None
            return self._as_of(identity, past, state.seq, before)
        except Exception:
            _log.exception("cannot rebuild the snapshot that %s accepted last", identity.key)
            return None

    def _as_of(self, identity: ProxyIdentity, past: Past, now: Seq, before: Seq) -> Snapshot | None:
        """Return the snapshot for the mesh at an earlier position."""
        cache = self._cache
        if self._graph is None or self._graph[:2] != (now, before):
            self._graph = (now, before, go_back(cache.graph, past, now, before)[0])
        graph = self._graph[2]
        if graph.get(identity.key) is None:
            return None
        return build_snapshot(cache.pool, cache.translate(graph, identity))

    def specs(self, identity: ProxyIdentity, refusal: Nack) -> Callable[[], tuple[str, ...]]:
        """Return a function that finds the specs that caused a refusal, for the current mesh.

        The returned function may take long: call it in a thread. Call the method itself in the
        event loop.
        """
        cache, graph = self._cache, self._cache.graph
        seq = None if cache.state is None else cache.state.seq
        names = frozenset(refused_names(refusal))

        def build(of: MeshGraph) -> Mapping[str, bytes]:
            made = cache.translate(of, identity).get(refusal.type_url, ())
            named = ((resource_name(refusal.type_url, m), m) for m in made)
            return {name: encode(message) for name, message in named if name in names}

        def find() -> tuple[str, ...]:
            try:
                changed = self._changed(identity, graph, seq)
                return _found(refusal.detail.message, graph, changed, build)
            except GitmeshError as error:
                _log.warning("cannot determine what %s refuses: %s", identity.key, error)
            except Exception:
                _log.exception("cannot determine what %s refuses", identity.key)
            return ()

        return find

    def _changed(self, identity: ProxyIdentity, graph: MeshGraph, seq: Seq | None) -> Changes:
        """Return the changes since the node's proxies accepted a snapshot, with the earlier specs.

        If they accepted none, or nothing changed since, all specs that the node depends on are
        returned.
        """
        key, changed = identity.key, dict[ResourceKey, Resource | None]()
        if self._past is not None and seq is not None:
            before = self._past.accepted(str(key))
            if before is not None and before < seq:
                back = resources_of(self._past.way_back(seq, before))
                then = relink(graph, back)
                changed = {each: back[each] for each in specs_influencing(key, back, graph, then)}
        return changed or dict.fromkeys(specs_influencing(key, graph.resources, graph))


def _found(message: str, graph: MeshGraph, changed: Changes, build: Build) -> tuple[str, ...]:
    return tuple(map(str, specs_at_fault(message, graph, changed, build)))
