"""Search from a mesh back through earlier meshes, for clusters that clients hold."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from events.types import Seq
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import settings_from_json
from mesh.keys import ResourceKey
from mesh.linking import relink, with_settings
from mesh.resource import Resource
from xds.nodes import ProxyIdentity
from xds.snapshots.cache import Translate, read_resource
from xds.snapshots.resources import Pool, ResourceSet
from xds.snapshots.snapshot import collect
from xds.translate.resources import Translation
from xds.type_urls import CLUSTER

_PAGE: Final = 256
_ON_THE_WAY: Final = 4
"""Number of following meshes to one of which a client may have been moving, so that it holds
clusters of both."""

Wanted: TypeAlias = tuple[ProxyIdentity, str]
"""An identity that holds clusters, and their version."""
Found: TypeAlias = tuple[Wanted, tuple[Translation, ...]]
"""Result of a lookup: the clusters of one mesh, or of a newer and an older one together."""


class Past(Protocol):
    """Queries on earlier meshes; implemented by :class:`events.deliveries.Past`."""

    def accepted(self, node: str) -> Seq | None:
        """Return the position of the newest mesh that a proxy of the node accepted."""

    def before(self, now: Seq, most: int) -> Sequence[Seq]:
        """Return positions of earlier meshes, newest first."""

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        """Return the changes that turn the mesh at ``now`` into the mesh at ``before``."""

    def settings(self, at: Seq) -> JsonObject:
        """Return the traffic settings at a position."""


class _Had(NamedTuple):
    """The clusters of an identity in one mesh."""

    translation: Translation
    clusters: ResourceSet


def go_back(
    graph: MeshGraph, past: Past, now: Seq, before: Seq
) -> tuple[MeshGraph, set[ResourceKey]]:
    """Return the graph of an earlier mesh, and the keys of the resources that differ."""
    back = resources_of(past.way_back(now, before))
    older = relink(graph, back)
    return with_settings(older, settings_from_json(past.settings(before))), set(back)


def resources_of(
    specs: Mapping[ResourceKey, JsonObject | None],
) -> dict[ResourceKey, Resource | None]:
    """Convert specs from the log to resources; ``None`` stays ``None``, for a resource that did not
    exist."""
    return {key: None if spec is None else read_resource(key, spec) for key, spec in specs.items()}


class Walk:
    """Search for several clients at once. It shares no state, so it may run in any thread."""

    def __init__(
        self,
        graph: MeshGraph,
        translate: Translate,
        past: Past,
        now: Seq,
        wanted: Iterable[Wanted],
    ) -> None:
        self.wanted = dict.fromkeys(wanted)
        """Lookups without a result so far."""
        self.done = False
        """True if the search has reached the beginning of the log."""
        self._translate = translate
        self._past = past
        self._pool = Pool(recent_bytes=0)
        self._had: dict[ProxyIdentity, deque[_Had]] = {}
        self._steps = self._walk(graph, now)

    def advance(self, for_s: float) -> list[Found]:
        """Continue the search for ``for_s`` seconds; return the results."""
        until, found = time.monotonic() + for_s, list[Found]()
        for step in self._steps:
            found += step
            for wanted, _ in step:
                self.wanted.pop(wanted, None)
            if not self.wanted or time.monotonic() >= until:
                return found
        self.done = True
        return found

    def _walk(self, graph: MeshGraph, now: Seq) -> Iterator[list[Found]]:
        """Yield the results of each step: at the current mesh, at the last accepted mesh, then at
        earlier and earlier ones."""
        identities = {identity for identity, _ in self.wanted}
        for identity in identities:
            yield self._look(graph, identity)
        for accepted, who in self._accepted(identities, now).items():
            then, _ = go_back(graph, self._past, now, accepted)
            for identity in who:
                yield self._look(then, identity, keep=False)
        for before in self._positions(now):
            older, changed = go_back(graph, self._past, now, before)
            affected = graph.dependents(changed) | older.dependents(changed)
            everybody = graph.settings != older.settings
            graph, now = older, before
            yield []
            for identity in {identity for identity, _ in self.wanted}:
                if everybody or identity.key in affected:
                    yield self._look(graph, identity)

    def _accepted(
        self, identities: Iterable[ProxyIdentity], now: Seq
    ) -> dict[Seq, list[ProxyIdentity]]:
        found: dict[Seq, list[ProxyIdentity]] = {}
        for identity in identities:
            accepted = self._past.accepted(str(identity.key))
            if accepted is not None and accepted < now:
                found.setdefault(accepted, []).append(identity)
        return found

    def _positions(self, now: Seq) -> Iterator[Seq]:
        while page := self._past.before(now, _PAGE):
            yield from page
            now = page[-1]

    def _look(self, graph: MeshGraph, identity: ProxyIdentity, *, keep: bool = True) -> list[Found]:
        """Compare the clusters of an identity in a mesh, also together with those of later meshes,
        with the wanted version.

        :param keep: whether this mesh is the next step of the search.
        """
        if graph.get(identity.key) is None:
            return []
        translation = self._translate(graph, identity)
        older = _Had(translation, collect(self._pool, CLUSTER, translation))
        newer = self._had.setdefault(identity, deque(maxlen=_ON_THE_WAY))
        if any(each.clusters is older.clusters for each in newer):
            return []
        versions: dict[str, tuple[Translation, ...]] = {older.clusters.version: (translation,)}
        for each in newer:
            union = each.clusters.plus(older.clusters.all)
            versions.setdefault(union.version, (each.translation, translation))
        if keep:
            newer.append(older)
        return [
            ((identity, version), parts)
            for version, parts in versions.items()
            if (identity, version) in self.wanted
        ]
