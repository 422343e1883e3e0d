"""Snapshot cache: rebuilds the snapshots of the identities that a change of the mesh affects."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, TypeAlias

from events.publication import Publication
from events.state import MeshState
from events.types import CommitId
from mesh.canonical import JsonObject
from mesh.errors import GitmeshError, Retryable
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import settings_from_json
from mesh.keys import ResourceKey
from mesh.linking import EMPTY, relink, with_settings
from mesh.problems.problem import Problem
from mesh.resource import Resource, spec_from_json
from xds.nodes import ProxyIdentity
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.translate import Translation, limits, translate

Translate: TypeAlias = Callable[[MeshGraph, ProxyIdentity], Translation]

_ORDER: Final = attrgetter("mesh", "kind", "parent", "name")
"""The order of resource keys, at a fraction of the cost of their own comparison."""

_log = logging.getLogger(__name__)


class TooManyIdentities(Retryable):
    """The server's limit of different connected identities is reached."""


@dataclass(slots=True)
class _Entry:
    """Snapshot of one identity, and the number of its streams."""

    snapshot: Snapshot | None = None
    stale: bool = True
    streams: int = 0
    limits: tuple[Problem, ...] = ()
    """Unsupported spec features that were logged last."""


class SnapshotCache:
    """Snapshots by identity, built on demand and kept while proxies are connected.

    A snapshot with unchanged content stays the same object. The cache holds at most
    ``max_identities`` of connected proxies, and ``max_idle`` of disconnected ones for proxies that
    reconnect.
    """

    def __init__(
        self,
        translate: Translate = translate,
        *,
        pool: Pool | None = None,
        max_identities: int = 20_000,
        max_idle: int = 256,
    ) -> None:
        self.pool = Pool() if pool is None else pool
        self.graph: MeshGraph = EMPTY
        self.state: MeshState | None = None
        """State of the newest publication; ``None`` before the first."""
        self.changed: Set[ResourceKey] = frozenset()
        """Keys of the resources that the newest publication changed."""
        self.translate = translate
        self._entries: dict[ProxyIdentity, _Entry] = {}
        self._idle: OrderedDict[ProxyIdentity, None] = OrderedDict()
        self._by_key: dict[ResourceKey, set[ProxyIdentity]] = {}
        self._max_identities = max_identities
        self._max_idle = max_idle

    @property
    def commit(self) -> CommitId | None:
        """The commit whose mesh is served."""
        return None if self.state is None else self.state.commit

    def absorb(self, publication: Publication) -> tuple[ProxyIdentity, ...]:
        """Apply a newer state; return the connected identities that it affects, sorted.

        The cost is proportional to the change, if the publication has the changed keys; otherwise
        each resource is compared by identity. If the method fails, nothing is applied, and the next
        state is compared with the old one.
        """
        changes = _changes(self.state, publication)
        settings = settings_from_json(publication.state.settings)
        old, new = self.graph, with_settings(relink(self.graph, changes), settings)
        affected = old.dependents(changes) | new.dependents(changes)
        self.state, self.graph, self.changed = publication.state, new, changes.keys()
        everybody = old.settings != settings
        return self._invalidate(frozenset(self._by_key) if everybody else affected)

    def join(self, identity: ProxyIdentity) -> None:
        """Count a new stream of this identity.

        :raises TooManyIdentities: there is no room for another identity.
        """
        entry = self._entries.get(identity)
        if entry is None:
            if len(self._entries) - len(self._idle) >= self._max_identities:
                raise TooManyIdentities(f"{self._max_identities} different proxies are connected")
            entry = self._entries[identity] = _Entry()
            self._by_key.setdefault(identity.key, set()).add(identity)
        entry.streams += 1
        self._idle.pop(identity, None)

    def leave(self, identity: ProxyIdentity) -> None:
        """Count the end of a stream of this identity."""
        entry = self._entries[identity]
        entry.streams -= 1
        if entry.streams == 0:
            self._idle[identity] = None
            if len(self._idle) > self._max_idle:
                self._forget(next(iter(self._idle)))

    def resolve(self, identity: ProxyIdentity) -> Snapshot | None:
        """Return the snapshot of a joined identity; ``None`` while its node does not exist.

        If a node is removed while its proxies are connected, they keep their configuration: a proxy
        must not lose everything because a file was deleted. A failing translation is logged and
        keeps the previous snapshot of this identity; other identities are not affected.
        """
        entry = self._entries[identity]
        if entry.stale:
            entry.snapshot = self._build(identity, entry.snapshot)
            entry.stale = False
            self._tell_of_limits(identity, entry)
        return entry.snapshot

    def current(self, identity: ProxyIdentity) -> Snapshot | None:
        """Return the last resolved snapshot of a joined identity, without later changes."""
        return self._entries[identity].snapshot

    def _build(self, identity: ProxyIdentity, before: Snapshot | None) -> Snapshot | None:
        if self.graph.get(identity.key) is None:
            return before
        try:
            snapshot = build_snapshot(self.pool, self.translate(self.graph, identity))
        except Exception:
            _log.exception("cannot translate %s; it keeps its previous configuration", identity.key)
            return before
        return before if before is not None and snapshot.same_as(before) else snapshot

    def _tell_of_limits(self, identity: ProxyIdentity, entry: _Entry) -> None:
        """Log a warning for each newly unsupported spec feature of a client."""
        try:
            found = limits(self.graph, identity)
        except Exception:
            _log.exception("cannot determine which features %s does not support", identity.key)
            return
        if found and found != entry.limits:
            what = "1 feature" if len(found) == 1 else f"{len(found)} features"
            facts = {
                "node": str(identity.key),
                "codes": ", ".join(sorted({each.code for each in found})),
                "hint": f"gitmesh translate --node {identity.key} --client {identity.client}",
            }
            _log.warning("a client does not support %s of its specs", what, extra=facts)
        entry.limits = found

    def _invalidate(self, keys: frozenset[ResourceKey]) -> tuple[ProxyIdentity, ...]:
        connected = []
        for key in sorted(keys & self._by_key.keys(), key=_ORDER):
            identities = self._by_key[key]
            for identity in sorted(identities, key=repr) if len(identities) > 1 else [*identities]:
                if identity in self._idle:
                    self._forget(identity)
                else:
                    self._entries[identity].stale = True
                    connected.append(identity)
        return tuple(connected)

    def _forget(self, identity: ProxyIdentity) -> None:
        del self._entries[identity], self._idle[identity]
        same_key = self._by_key[identity.key]
        same_key.discard(identity)
        if not same_key:
            del self._by_key[identity.key]


def _changes(
    before: MeshState | None, publication: Publication
) -> dict[ResourceKey, Resource | None]:
    """Return the changes between two states; unchanged resources are the same object in both."""
    state = publication.state
    old = {} if before is None else before.resources
    new = state.resources
    suspects: Iterable[ResourceKey] = {**old, **new}
    if before is not None and publication.touched is not None and before.seq >= publication.since:
        suspects = publication.touched
    return {
        key: _resource(key, state) if key in new else None
        for key in suspects
        if old.get(key) is not new.get(key)
    }


def read_resource(key: ResourceKey, spec: JsonObject) -> Resource:
    """Return a resource from a spec as the log stores it.

    :raises ValueError: the spec is not valid for this kind.
    """
    return Resource(key, spec_from_json(key, spec))


def _resource(key: ResourceKey, state: MeshState) -> Resource | None:
    try:
        return read_resource(key, state.resources[key])
    except (ValueError, GitmeshError):
        # The log contains only checked meshes. An unreadable one is a bug of ours, and no reason to
        # stop serving everything else.
        _log.exception("cannot read %s from the log; it is omitted", key)
        return None
