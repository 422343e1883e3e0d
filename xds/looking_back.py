"""What a server finds in the log when a proxy refuses what it is sent, or comes back with more than
is known here."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from events.types import Seq
from mesh.canonical import JsonObject
from mesh.errors import GitmeshError
from mesh.graph import relink, with_settings
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from mesh.mesh_settings import settings_from_json
from mesh.resource import Resource
from xds.acceptance import Refusal
from xds.answers import Refused
from xds.at_fault import Build, concerning, refused_names, specs_at_fault
from xds.cache import SnapshotCache, read_resource
from xds.nodes import ProxyIdentity
from xds.snapshot import Snapshot, build_snapshot, resource_name
from xds.type_urls import CLUSTER
from xds.wire.encode import encode

_log = logging.getLogger(__name__)

_MESHES_BACK: Final = 3
"""How many commits a proxy may be behind that comes back, besides the one it is known to have."""
_MOST_IN_VAIN: Final = 32
"""How many proxies are not recognised before no more are looked for: after an upgrade that writes
every cluster differently none is, and they come all at once."""

Changes = Mapping[ResourceKey, Resource | None]


class KnownRefusal(Protocol):
    """A snapshot that is refused."""

    @property
    def snapshot(self) -> str:
        """Its version."""

    @property
    def at_s(self) -> float:
        """When it was refused, in seconds since the epoch."""


class Past(Protocol):
    """What the log knows; :class:`events.past.Past` does."""

    def refusals(self) -> Mapping[str, KnownRefusal]:
        """Return what is refused, by node id."""

    def accepted(self, node: str) -> Seq | None:
        """Return the position of the newest mesh that a proxy of the node took."""

    def before(self, now: Seq, most: int) -> Sequence[Seq]:
        """Return the positions of the meshes before the one at ``now``, the newest first."""

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        """Return what makes the mesh at ``now`` the one at ``before``."""

    def settings(self, at: Seq) -> JsonObject:
        """Return what the repository's settings said of traffic then."""


class LookingBack:
    """Finds what proxies had before, and which specs made what they refuse."""

    def __init__(self, cache: SnapshotCache, past: Past | None) -> None:
        """Look back through ``past``; without one, nothing that came before is known."""
        self._cache = cache
        self._past = past
        self._looked_for: set[ProxyIdentity] = set()
        """Whom the log was asked for, while the mesh was what it is now."""
        self._looked_at: Seq | None = None
        self._in_vain = 0

    def refusals(self) -> dict[str, Refusal]:
        """Return what is refused, by node id, and when."""
        if self._past is None:
            return {}
        return {node: (each.snapshot, each.at_s) for node, each in self._past.refusals().items()}

    def recall(self, identity: ProxyIdentity) -> Snapshot | None:
        """Return the snapshot that follows from the mesh that the identity's node took last.

        ``None`` when it took none, or the log cannot tell now.
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
            _log.exception("cannot go back to what %s accepted", identity.key)
            return None

    def recognise(self, identity: ProxyIdentity, clusters: str) -> None:
        """Have the pool know the clusters of this version, which a proxy of the identity holds.

        After a restart it knows only what follows from the mesh as it is now. What a proxy took
        before is among the last that the log knows, or on the way from one of them to the next, or
        is not found.
        """
        pool, past, state = self._cache.pool, self._past, self._cache.state
        if past is None or state is None or pool.recall(CLUSTER, clusters) is not None:
            return
        if not self._may_look(identity, state.seq):
            return
        now = self._cache.current(identity)
        newer = [] if now is None else [now]
        try:
            for older in self._earlier(identity, past, state.seq):
                for each in newer:
                    # Old and new together, as they are on the way from one to the other.
                    each[CLUSTER].plus(older[CLUSTER].all)
                if pool.recall(CLUSTER, clusters) is not None:
                    self._in_vain = 0
                    return
                newer.append(older)
        except Exception:
            _log.exception("cannot go back to what %s had", identity.key)
        self._in_vain += 1

    def _may_look(self, identity: ProxyIdentity, now: Seq) -> bool:
        """Whether the log was not asked for this identity, and is not asked too often in vain."""
        if self._looked_at != now:
            self._looked_at, self._looked_for, self._in_vain = now, set(), 0
        if identity in self._looked_for or self._in_vain >= _MOST_IN_VAIN:
            return False
        self._looked_for.add(identity)
        return True

    def _earlier(self, identity: ProxyIdentity, past: Past, now: Seq) -> Iterator[Snapshot]:
        """Yield what the identity had in the last meshes, the newest first."""
        positions = set(past.before(now, _MESHES_BACK))
        accepted = past.accepted(str(identity.key))
        if accepted is not None and accepted < now:
            positions.add(accepted)
        for position in sorted(positions, reverse=True):
            snapshot = self._as_of(identity, past, now, position)
            if snapshot is not None:
                yield snapshot

    def _as_of(self, identity: ProxyIdentity, past: Past, now: Seq, before: Seq) -> Snapshot | None:
        """Return the snapshot that follows from the mesh of an earlier position."""
        cache = self._cache
        graph = relink(cache.graph, _resources(past.way_back(now, before)))
        graph = with_settings(graph, settings_from_json(past.settings(before)))
        if graph.get(identity.key) is None:
            return None
        return build_snapshot(cache.pool, cache.translate(graph, identity))

    def specs(self, identity: ProxyIdentity, refusal: Refused) -> Callable[[], tuple[str, ...]]:
        """Return what finds the specs at fault for a refusal, of the mesh as it is now.

        That may take a while: call it in a thread of its own. Call this in the event loop's.
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
                _log.warning("cannot tell what %s refuses: %s", identity.key, error)
            except Exception:
                _log.exception("cannot tell what %s refuses", identity.key)
            return ()

        return find

    def _changed(self, identity: ProxyIdentity, graph: MeshGraph, seq: Seq | None) -> Changes:
        """Return what changed since the node's proxies took a snapshot, as it was then.

        All that the node depends on, where they took none or nothing changed since.
        """
        key, changed = identity.key, dict[ResourceKey, Resource | None]()
        if self._past is not None and seq is not None:
            before = self._past.accepted(str(key))
            if before is not None and before < seq:
                back = _resources(self._past.way_back(seq, before))
                then = relink(graph, back)
                changed = {each: back[each] for each in concerning(key, back, graph, then)}
        return changed or dict.fromkeys(concerning(key, graph.resources, graph))


def _found(message: str, graph: MeshGraph, changed: Changes, build: Build) -> tuple[str, ...]:
    return tuple(map(str, specs_at_fault(message, graph, changed, build)))


def _resources(
    specs: Mapping[ResourceKey, JsonObject | None],
) -> dict[ResourceKey, Resource | None]:
    return {key: None if spec is None else read_resource(key, spec) for key, spec in specs.items()}
