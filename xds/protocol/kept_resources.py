"""Resources that a client keeps besides those of its target, until nothing refers to them. Pure."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from xds.protocol.shallow_copy import duplicate
from xds.protocol.type_watch import TypeWatch
from xds.snapshots.resources import Encoded, Held, ResourceSet, Selection
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ROUTE, SUPPORT, TypeUrl

_NOTHING: Final[Held] = {}


class KeptResources:
    """Clusters, endpoints and secrets of earlier snapshots that routes may still need."""

    __slots__ = ("_accepted", "_by_type", "_expiry", "_old_routes")

    def __init__(self) -> None:
        self._by_type: dict[TypeUrl, Held] = {}
        self._accepted: Held = _NOTHING
        """The clusters that the client acknowledged last."""
        self._expiry: dict[tuple[TypeUrl, str], float] = {}
        """Times until which unused resources are kept."""
        self._old_routes: set[Encoded] = set()
        """Routes that the client may still use, including removed and refused ones."""

    def copy(self) -> "KeptResources":
        """Return an independent copy."""
        new = duplicate(self)
        new._by_type, new._expiry = dict(self._by_type), dict(self._expiry)
        new._old_routes = set(self._old_routes)
        return new

    def rest(self, target: Snapshot) -> Hashable | None:
        """Return a comparison key: objects with equal keys behave the same from now on.

        ``None`` while a timer runs. The key compares parts by identity, so it is valid only as long
        as they exist.
        """
        if self._expiry:
            return None
        kept = (
            (t, id(held) if held is target[t].by_name else frozenset(held.items()))
            for t, held in self._by_type.items()
        )
        return frozenset(kept), id(self._accepted), frozenset(self._old_routes)

    @property
    def expiring(self) -> bool:
        """True if a resource is to be removed at a later time."""
        return bool(self._expiry)

    @property
    def expiry(self) -> Iterable[float]:
        """Times at which resources are to be removed."""
        return self._expiry.values()

    def merge(self, target: Snapshot) -> Mapping[TypeUrl, ResourceSet]:
        """Return the union of the kept resources and the target's, for each supporting type."""
        merged = dict[TypeUrl, ResourceSet]()
        for type_url in SUPPORT:
            pure = target[type_url]
            kept = self._by_type.get(type_url, pure.by_name)
            merged[type_url] = pure
            if kept is not pure.by_name:
                extra = tuple(r for name, r in kept.items() if name not in pure.by_name)
                merged[type_url] = pure.plus(extra)
        return merged

    # ---- what is kept ----------------------------------------------------------------------------

    def keep(self, type_url: TypeUrl, held: Held) -> None:
        """Keep these resources of a type, and no others."""
        self._by_type[type_url] = held

    def accept(self, clusters: Held, *, acknowledged: bool) -> None:
        """Keep clusters that the client was offered and may have acknowledged."""
        self._by_type[CLUSTER] = clusters
        if acknowledged:
            self._accepted = clusters

    def refuse(self, clusters: Selection) -> None:
        """Drop clusters that the client refused; keep those that it accepted instead."""
        kept = self._by_type.get(CLUSTER, _NOTHING)
        had = {name: cluster for name, cluster in kept.items() if cluster not in clusters}
        self._by_type[CLUSTER] = {**had, **self._accepted}

    def resume(self, type_url: TypeUrl, held: Held) -> None:
        """Keep resources that the client holds from an earlier stream."""
        self._by_type[type_url] = {**held, **self._by_type.get(type_url, _NOTHING)}
        if type_url == CLUSTER:
            self._accepted = held

    def use_routes(self, routes: Iterable[Encoded]) -> None:
        """Record routes that the client may use until other routes replace them."""
        self._old_routes.update(routes)

    # ---- removal ---------------------------------------------------------------------------------

    def spare_all(self) -> None:
        """Cancel all scheduled removals."""
        self._expiry.clear()

    def spare(self, snapshot: Snapshot) -> None:
        """Cancel the removal of resources that the snapshot needs, or that a return to the previous
        one would need.

        Until the client accepts the snapshot's own version of a cluster, the previous version may
        have to be offered again, with its endpoints.
        """
        if not self._expiry:
            return
        spared = [key for key in self._expiry if key[1] in snapshot[key[0]].by_name]
        for type_url, name in spared:
            self._expiry.pop((type_url, name), None)
            before = self._accepted.get(name) if type_url == CLUSTER else None
            for need in before.needs if before is not None else ():
                self._expiry.pop(need, None)

    def release(
        self, target: Snapshot, until: float, routes: TypeWatch[Any] | None, *, resumed: bool
    ) -> None:
        """Schedule the removal of all resources that nothing refers to.

        :param routes: the client's subscription to routes.
        :param resumed: whether the client may use routes from an earlier stream.
        """
        needed = self._needed_while_draining(target, routes)
        loose = [t for t, kept in self._by_type.items() if kept is not target[t].by_name]
        if not loose or (resumed and self._has_unknown_routes(target, routes)):
            return
        for type_url in loose:
            own = target[type_url].by_name
            for name in self._by_type[type_url]:
                if name not in own and name not in needed:
                    self._expiry.setdefault((type_url, name), until)

    def expire(self, now: float) -> bool:
        """Drop the resources whose time has expired; return whether there were any."""
        gone = {key for key, until in self._expiry.items() if until <= now}
        if not gone:
            return False
        for type_url, kept in self._by_type.items():
            self._by_type[type_url] = {n: r for n, r in kept.items() if (type_url, n) not in gone}
        for key in gone:
            del self._expiry[key]
        return True

    def _needed_while_draining(self, target: Snapshot, watch: TypeWatch[Any] | None) -> set[str]:
        """Return the names of clusters, and of their endpoints, that draining listeners need."""
        if not self._old_routes:
            return set()
        replaced = target[ROUTE].by_name
        self._old_routes = {
            routes
            for routes in self._old_routes
            if watch is not None and watch.asks_for(routes.name) and routes.name not in replaced
        }
        needed = {need for routes in self._old_routes for _, need in routes.needs}
        kept = self._by_type.get(CLUSTER, _NOTHING)
        return needed.union(n for each in needed if each in kept for _, n in kept[each].needs)

    def _has_unknown_routes(self, target: Snapshot, watch: TypeWatch[Any] | None) -> bool:
        """Return whether the client still subscribes to routes from an earlier stream with unknown
        content.

        The client's version is that of the routes that were sent last; a draining listener keeps it
        subscribed to earlier routes.
        """
        if watch is None:
            return False
        known = {routes.name for routes in self._old_routes}
        return not known.issuperset(watch.missing(target[ROUTE]))
