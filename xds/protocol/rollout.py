"""Roll-out of a snapshot to one proxy in make-before-break order.

A new snapshot is sent in an order in which no resource ever refers to a missing one (xDS protocol,
"Eventual consistency considerations"): first clusters and endpoints, old and new together; then
listeners; then routes. When those are acknowledged and running requests have had time to end,
clusters that nothing refers to are removed.

Pure, and the same for state-of-the-world and delta streams: this module decides the current target
of each type, and the protocol variant decides which responses lead the client to it.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from xds.protocol.kept_resources import KeptResources
from xds.protocol.shallow_copy import duplicate
from xds.protocol.type_watch import TypeWatch
from xds.snapshots.resources import Held, ResourceSet, Selection
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, SUPPORT, TRAFFIC, TypeUrl

_BEFORE: Final[Mapping[TypeUrl, tuple[TypeUrl, ...]]] = {
    LISTENER: SUPPORT,
    ROUTE: (*SUPPORT, LISTENER),
}
"""Types that must be in place before listeners and routes."""


class Rollout:
    """Current target set of each type, on the way to the newest snapshot."""

    __slots__ = (
        "_ack_wait",
        "_clusters_by",
        "_kept",
        "_linger",
        "_now",
        "_pristine",
        "_resumed",
        "_watches",
        "in_sync",
        "target",
        "wanted",
    )

    def __init__(
        self, watches: Mapping[TypeUrl, TypeWatch[Any]], *, ack_wait: float, linger: float
    ) -> None:
        self.target: Snapshot | None = None
        self.in_sync = False
        """True if the client had acknowledged its whole target at the last :meth:`advance`."""
        self.wanted: dict[TypeUrl, ResourceSet] = {}
        """Resource sets to offer now, by type. A missing type waits for earlier types."""
        self._watches = watches
        self._ack_wait = ack_wait
        self._linger = linger
        self._now = 0.0
        self._kept = KeptResources()
        self._pristine = True
        """True if the client started without resources and has been offered only one snapshot."""
        self._resumed = False
        """True if the client may use routes from an earlier stream."""
        self._clusters_by: float | None = None
        """Time until which a reconnected client may ask for its clusters before more is sent."""

    def copy(self, watches: Mapping[TypeUrl, TypeWatch[Any]]) -> "Rollout":
        """Return an independent copy for these watches."""
        new = duplicate(self)
        new._watches = watches
        new.wanted, new._kept = dict(self.wanted), self._kept.copy()
        return new

    def rest(self) -> Hashable | None:
        """Return a comparison key: rollouts with equal keys behave the same from now on.

        ``None`` while something is in flight or a timer runs. The key compares parts by identity,
        so it is valid only as long as they exist.
        """
        target = self.target
        if target is None or not self.in_sync or self.wake_at is not None:
            return None
        if self._clusters_by is not None and CLUSTER not in self._watches:
            return None
        kept = self._kept.rest(target)
        if kept is None:
            return None
        return (
            id(target),
            tuple((t, id(resources)) for t, resources in self.wanted.items()),
            kept,
            self._pristine,
            self._resumed,
            self._clusters_by is None,
        )

    def aim(self, snapshot: Snapshot) -> None:
        """Set the target snapshot; it replaces a snapshot that is still being rolled out."""
        if self.target is snapshot:
            return
        self.in_sync = False
        if self.target is not None and self._watches:
            self._pristine = False
            for type_url in SUPPORT:
                # A cluster in flight can warm only with its own endpoints. Of the clusters
                # themselves, only accepted ones are kept.
                if type_url != CLUSTER:
                    self._kept.keep(type_url, self._not_refused(type_url))
        self.target = snapshot
        self._kept.spare(snapshot)
        self._merge_kept()

    def step(self, snapshot: Snapshot, now: float) -> bool:
        """Do the work of :meth:`aim` and :meth:`advance` at a tenth of the cost, if possible;
        return whether it was possible.

        It is possible if the client has everything that it subscribes to, and the new snapshot
        differs only in routes, or only in endpoints of which none was removed. Nearly all changes
        are of this kind, and they affect many proxies at once.
        """
        before = self.target
        if (
            before is None
            or not self.in_sync
            or self._kept.expiring
            or CLUSTER not in self._watches
        ):
            return False
        type_url = snapshot.one_change_from(before)
        if type_url is None or not self._keeps_nothing_else(before):
            return False
        old, new = before[type_url], snapshot[type_url]
        if type_url == ENDPOINT:
            self._kept.keep(ENDPOINT, old.by_name)
        elif type_url in self._watches:
            self._kept.use_routes(old.all)
        self.target, self._now, self._pristine = snapshot, now, False
        watch = self._watches.get(type_url)
        if watch is None and type_url == ROUTE:
            return True
        self.wanted[type_url] = new
        self.in_sync = watch is None or watch.settled(new)
        if self.in_sync:
            self._release(snapshot, now + self._linger)
        return True

    def resume_from(
        self, type_url: TypeUrl, held: Held | None, now: float, *, alone: bool = False
    ) -> None:
        """Record that the client holds resources of this type from an earlier stream.

        Clusters that the client holds are kept until its listeners and routes no longer use them.
        Listeners and routes are updated one after the other, and only after the client's request
        for clusters, which Envoy delays while clusters are warming. A stream that is ``alone``
        (single type) waits for no other type.
        """
        self._pristine = False
        self._resumed = True
        self._kept.spare_all()
        if self._clusters_by is None and not alone:
            self._clusters_by = now + self._ack_wait
        if held is None:
            return
        if type_url == ROUTE:
            self._kept.use_routes(held.values())
        elif type_url in SUPPORT:
            self._kept.resume(type_url, held)
            self._merge_kept()

    def refused(self, type_url: TypeUrl, fresh: Selection) -> None:
        """Record that the client refused these resources, which were new to it."""
        if type_url == CLUSTER:
            self._kept.refuse(fresh)
            self._merge_kept()

    def sent(self, now: float) -> None:
        """Advance as far as possible after a response was sent."""
        # A new client has nothing that could break, so sending is enough; others must answer first.
        if self._pristine:
            self.advance(now)

    def advance(self, now: float) -> None:
        """Advance as far as the client's answers and the time allow."""
        self._now = now
        target = self.target
        if target is None:
            return
        # A cluster that is not yet acknowledged may still wait for its endpoints.
        if self._kept.expiring and not self._under_way(CLUSTER) and self._kept.expire(now):
            self._merge_kept()
        self._record_accepted(now)
        self._follow(target, now)
        self.in_sync = self._is_in_sync(target)
        if self.in_sync:
            self._release(target, now + self._linger)

    def _follow(self, target: Snapshot, now: float) -> None:
        """Offer the target's listeners and routes once the resources that they refer to are in
        place."""
        for type_url in TRAFFIC:
            if type_url in self._watches and self.wanted.get(type_url) is not target[type_url]:
                if not self._may_follow(type_url, now):
                    return
                if type_url == ROUTE:
                    self._kept.use_routes(self.wanted.get(ROUTE, target[ROUTE]).all)
                self.wanted[type_url] = target[type_url]
                self._kept.keep(CLUSTER, self.wanted[CLUSTER].by_name)

    def _is_in_sync(self, target: Snapshot) -> bool:
        for type_url, watch in self._watches.items():
            wanted = self.wanted.get(type_url)
            if wanted is None or watch.flight is not None or watch.refused_removals:
                return False
            if watch.settled_on is not wanted and not watch.settled(wanted):
                return False
            if type_url in TRAFFIC and wanted is not target[type_url]:
                return False
        return True

    @property
    def wake_at(self) -> float | None:
        """Time to call :meth:`advance` if no request or snapshot comes before."""
        if self.in_sync and not self._kept.expiring:
            return None
        times = list(self._kept.expiry)
        if self.target is not None and not self.in_sync:
            for watch in self._watches.values():
                if (flight := watch.flight) is not None:
                    times.append(flight.since + self._ack_wait)
            if self._clusters_by is not None and CLUSTER not in self._watches:
                times.append(self._clusters_by)
        return min((time for time in times if time > self._now), default=None)

    def overdue(self, type_url: TypeUrl, now: float) -> bool:
        """Return whether the client has not answered a response in time."""
        flight = self._watches[type_url].flight
        return flight is not None and flight.since + self._ack_wait <= now

    # ---- gates -----------------------------------------------------------------------------------

    def _keeps_nothing_else(self, target: Snapshot) -> bool:
        wanted, sets = self.wanted, target.sets
        return (
            wanted.get(CLUSTER) is sets[CLUSTER]
            and wanted.get(ENDPOINT) is sets[ENDPOINT]
            and wanted.get(SECRET) is sets[SECRET]
        )

    def _may_follow(self, type_url: TypeUrl, now: float) -> bool:
        """Return whether the target's listeners or routes may be offered now."""
        return all(self._passed(each, now) for each in _BEFORE[type_url])

    def _under_way(self, type_url: TypeUrl) -> bool:
        watch = self._watches.get(type_url)
        return watch is not None and watch.flight is not None

    def _passed(self, type_url: TypeUrl, now: float) -> bool:
        """Return whether later types may be sent: this type is acknowledged, or the wait for it is
        over."""
        watch = self._watches.get(type_url)
        if watch is None:
            return type_url != CLUSTER or self._clusters_by is None or self._clusters_by <= now
        wanted = self.wanted.get(type_url)
        if wanted is None or (watch.settled_on is not wanted and not watch.settled(wanted)):
            return False
        # Nothing works yet in a new client, so nothing can break: the order on the wire is enough.
        # Envoy itself subscribes to listeners only when its first clusters are warm.
        return self._pristine or watch.flight is None or self.overdue(type_url, now)

    # ---- kept resources --------------------------------------------------------------------------

    def _record_accepted(self, now: float) -> None:
        """Update the record of the clusters that the client has."""
        if CLUSTER in self._watches and self._passed(CLUSTER, now):
            clusters = self.wanted[CLUSTER].by_name
            self._kept.accept(clusters, acknowledged=not self._under_way(CLUSTER))

    def _not_refused(self, type_url: TypeUrl) -> Held:
        """Return the resources that were offered and not refused."""
        wanted, watch = self.wanted[type_url], self._watches.get(type_url)
        if watch is None or not watch.refuses(wanted):
            return wanted.by_name
        return {name: r for name, r in wanted.by_name.items() if not watch.has_refused(r)}

    def _merge_kept(self) -> None:
        """Set clusters, endpoints and secrets to the union of the target's and the kept ones."""
        if self.target is not None:
            self.wanted.update(self._kept.merge(self.target))

    def _release(self, target: Snapshot, until: float) -> None:
        self._kept.release(target, until, self._watches.get(ROUTE), resumed=self._resumed)
