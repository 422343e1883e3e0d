"""Roll-out of a snapshot to one proxy in make-before-break order.

A new snapshot is sent in an order in which no resource ever refers to a missing one (xDS protocol,
"Eventual consistency considerations"): first clusters and endpoints, old and new together; then
listeners; then routes. When those are acknowledged and running requests have had time to end,
clusters that nothing refers to are removed.

Pure, and the same for state-of-the-world and delta streams: it decides the target of each type at
this moment; the protocol variant decides which responses bring the client there.
"""

from collections.abc import Hashable, Mapping, Set
from typing import Final, Protocol

from xds.protocol.response import Flight
from xds.protocol.shallow_copy import duplicate
from xds.snapshots.resources import Encoded, Held, ResourceSet, Selection
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, SUPPORT, TRAFFIC, TypeUrl


class Progress(Protocol):
    """State of a type that the client watches, as the roll-out sees it."""

    @property
    def flight(self) -> Flight | None:
        """The unanswered response."""

    @property
    def settled_on(self) -> ResourceSet | None:
        """The set that the client was last known to have; None if that no longer holds."""

    @property
    def refused_removals(self) -> Set[str]:
        """Removed names whose removal the client refused. Later types do not wait for them."""

    def has_refused(self, resource: Encoded) -> bool:
        """Return whether the client refused this resource when it was sent alone."""

    def asks_for(self, name: str) -> bool:
        """Return whether the client subscribes to this name."""

    def missing(self, wanted: ResourceSet) -> tuple[str, ...]:
        """Return the subscribed names that do not exist."""

    def settled(self, wanted: ResourceSet) -> bool:
        """Return whether the client has this set completely and has refused none of it."""

    def refuses(self, wanted: ResourceSet) -> bool:
        """True if the client refused this set, or part of it, so that it is not sent again."""


_BEFORE: Final[Mapping[TypeUrl, tuple[TypeUrl, ...]]] = {
    LISTENER: SUPPORT,
    ROUTE: (*SUPPORT, LISTENER),
}
"""Types that must be in place before listeners and routes."""


class Rollout:
    """Target set of each type at this moment, on the way to the newest snapshot."""

    __slots__ = (
        "_accepted",
        "_ack_wait",
        "_back",
        "_clusters_by",
        "_expiry",
        "_kept",
        "_linger",
        "_now",
        "_old_routes",
        "_pristine",
        "_watches",
        "in_sync",
        "target",
        "wanted",
    )

    def __init__(
        self, watches: Mapping[TypeUrl, Progress], *, ack_wait: float, linger: float
    ) -> None:
        self.target: Snapshot | None = None
        self.in_sync = False
        """True if the client had acknowledged its whole target at the last :meth:`advance`."""
        self.wanted: dict[TypeUrl, ResourceSet] = {}
        """Sets to offer now. A type that is missing here waits for earlier types."""
        self._watches = watches
        self._ack_wait = ack_wait
        self._linger = linger
        self._now = 0.0
        self._kept: dict[TypeUrl, Held] = {}
        """Resources kept for listeners and routes, in addition to the target's."""
        self._accepted: Held = {}
        """The clusters that the client acknowledged last."""
        self._expiry: dict[tuple[TypeUrl, str], float] = {}
        """Times until which unused resources are kept."""
        self._old_routes: set[Encoded] = set()
        """Routes that the client may still use, removed or refused ones among them."""
        self._pristine = True
        """True if the client started without resources and has been offered only one snapshot."""
        self._back = False
        """True if the client may use routes from an earlier stream."""
        self._clusters_by: float | None = None
        """Time until which a reconnected client may ask for its clusters before more is sent."""

    def copy(self, watches: Mapping[TypeUrl, Progress]) -> "Rollout":
        """Return an independent copy for these watches."""
        new = duplicate(self)
        new._watches = watches
        new.wanted, new._kept = dict(self.wanted), dict(self._kept)
        new._expiry, new._old_routes = dict(self._expiry), set(self._old_routes)
        return new

    def rest(self) -> Hashable | None:
        """Return everything that decides future behaviour, if nothing is in flight and no timer
        runs; else ``None``. Parts are compared by identity, so the value is valid only while they
        live."""
        target = self.target
        if target is None or not self.in_sync or self._expiry or self.wake_at is not None:
            return None
        if self._clusters_by is not None and CLUSTER not in self._watches:
            return None
        kept = (
            (t, id(had) if had is target[t].by_name else frozenset(had.items()))
            for t, had in self._kept.items()
        )
        return (
            id(target),
            tuple((t, id(resources)) for t, resources in self.wanted.items()),
            frozenset(kept),
            id(self._accepted),
            frozenset(self._old_routes),
            self._pristine,
            self._back,
            self._clusters_by is None,
        )

    def aim(self, snapshot: Snapshot) -> None:
        """Set the target snapshot; it replaces one that is still being rolled out."""
        if self.target is snapshot:
            return
        self.in_sync = False
        if self.target is not None and self._watches:
            self._pristine = False
            for type_url in SUPPORT:
                # A cluster in flight can warm only with its own endpoints. Of the clusters
                # themselves, only accepted ones are kept.
                if type_url != CLUSTER:
                    self._kept[type_url] = self._not_refused(type_url)
        self.target = snapshot
        self._keep_needed(snapshot)
        self._merge_kept()

    def step(self, snapshot: Snapshot, now: float) -> bool:
        """Do :meth:`aim` and :meth:`advance` at a tenth of the cost, if possible; return whether it
        was.

        It is possible if the client has everything it subscribes to, and the new snapshot differs
        only in routes, or only in endpoints of which none was removed. Nearly all changes are of
        this kind, and they affect many proxies at once.
        """
        before = self.target
        if before is None or not self.in_sync or self._expiry or CLUSTER not in self._watches:
            return False
        type_url = snapshot.one_change_from(before)
        if type_url is None or not self._keeps_nothing_else(before):
            return False
        old, new = before[type_url], snapshot[type_url]
        if type_url == ENDPOINT:
            self._kept[ENDPOINT] = old.by_name
        elif type_url in self._watches:
            self._old_routes.update(old.all)
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

        Known clusters stay until the client has moved off them; its listeners and routes are
        updated in turn. They wait for its request for clusters, too, because Envoy delays that
        while clusters are warming. A stream that is ``alone`` (single type) waits for no other
        type.
        """
        self._pristine = False
        self._back = True
        self._expiry.clear()
        if self._clusters_by is None and not alone:
            self._clusters_by = now + self._ack_wait
        if held is None:
            return
        if type_url == ROUTE:
            self._old_routes.update(held.values())
        elif type_url in SUPPORT:
            self._kept[type_url] = {**held, **self._kept.get(type_url, {})}
            if type_url == CLUSTER:
                self._accepted = held
            self._merge_kept()

    def refused(self, type_url: TypeUrl, fresh: Selection) -> None:
        """Record that the client does not have these resources, which were new to it."""
        if type_url == CLUSTER:
            kept = self._kept.get(CLUSTER, {})
            had = {name: r for name, r in kept.items() if r not in fresh}
            self._kept[CLUSTER] = {**had, **self._accepted}
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
        if self._expiry and not self._under_way(CLUSTER):
            # A cluster that is not yet acknowledged may still wait for its endpoints.
            self._expire(now)
        self._record_accepted(now)
        self._follow(target, now)
        self.in_sync = self._is_in_sync(target)
        if self.in_sync:
            self._release(target, now + self._linger)

    def _follow(self, target: Snapshot, now: float) -> None:
        """Offer the target's listeners and routes once what they need is in place."""
        for type_url in TRAFFIC:
            if type_url in self._watches and self.wanted.get(type_url) is not target[type_url]:
                if not self._may_follow(type_url, now):
                    return
                if type_url == ROUTE:
                    self._old_routes.update(self.wanted.get(ROUTE, target[ROUTE]).all)
                self.wanted[type_url] = target[type_url]
                self._kept[CLUSTER] = self.wanted[CLUSTER].by_name

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
        """Time to call :meth:`advance` if nothing happens before."""
        if self.in_sync and not self._expiry:
            return None
        times = list(self._expiry.values())
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
        """Return whether later types may be sent: this one is acknowledged, or its time is over."""
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

    def _merge_kept(self) -> None:
        """Set clusters, endpoints and secrets to the union of the target's and the kept ones."""
        if self.target is None:
            return
        for type_url in SUPPORT:
            pure = self.target[type_url]
            kept = self._kept.get(type_url, pure.by_name)
            union = pure
            if kept is not pure.by_name:
                union = pure.plus(tuple(r for n, r in kept.items() if n not in pure.by_name))
            self.wanted[type_url] = union

    def _record_accepted(self, now: float) -> None:
        """Update the record of which clusters the client has."""
        if CLUSTER in self._watches and self._passed(CLUSTER, now):
            self._kept[CLUSTER] = self.wanted[CLUSTER].by_name
            if not self._under_way(CLUSTER):
                self._accepted = self._kept[CLUSTER]

    def _not_refused(self, type_url: TypeUrl) -> Held:
        """Return the resources that were offered and not refused."""
        wanted, watch = self.wanted[type_url], self._watches.get(type_url)
        if watch is None or not watch.refuses(wanted):
            return wanted.by_name
        return {name: r for name, r in wanted.by_name.items() if not watch.has_refused(r)}

    def _keep_needed(self, snapshot: Snapshot) -> None:
        """Cancel the expiry of resources that the snapshot needs, or that a return from it would
        need.

        Until the client accepts the snapshot's own version of a cluster, the previous version may
        have to be offered again, and then it needs its endpoints.
        """
        if not self._expiry:
            return
        spared = [key for key in self._expiry if key[1] in snapshot[key[0]].by_name]
        for type_url, name in spared:
            self._expiry.pop((type_url, name), None)
            before = self._accepted.get(name) if type_url == CLUSTER else None
            for need in before.needs if before is not None else ():
                self._expiry.pop(need, None)

    def _release(self, target: Snapshot, until: float) -> None:
        """Schedule the removal of everything that nothing refers to."""
        needed = self._needed_while_draining(target)
        loose = [t for t, kept in self._kept.items() if kept is not target[t].by_name]
        if not loose or self._has_unknown_routes(target):
            return
        for type_url in loose:
            own = target[type_url].by_name
            for name in self._kept[type_url]:
                if name not in own and name not in needed:
                    self._expiry.setdefault((type_url, name), until)

    def _needed_while_draining(self, target: Snapshot) -> set[str]:
        """Return the clusters, and so endpoints, that routes of draining listeners need."""
        if not self._old_routes:
            return set()
        watch, replaced = self._watches.get(ROUTE), target[ROUTE].by_name
        self._old_routes = {
            routes
            for routes in self._old_routes
            if watch is not None and watch.asks_for(routes.name) and routes.name not in replaced
        }
        needed = {need for routes in self._old_routes for _, need in routes.needs}
        kept = self._kept.get(CLUSTER, {})
        return needed.union(n for each in needed if each in kept for _, n in kept[each].needs)

    def _has_unknown_routes(self, target: Snapshot) -> bool:
        """Return whether the client still subscribes to routes from an earlier stream with unknown
        content.

        The version that it holds is that of the routes sent last. A draining listener keeps the
        subscription to earlier ones.
        """
        watch = self._watches.get(ROUTE)
        if not self._back or watch is None:
            return False
        known = {routes.name for routes in self._old_routes}
        return not known.issuperset(watch.missing(target[ROUTE]))

    def _expire(self, now: float) -> None:
        gone = {key for key, until in self._expiry.items() if until <= now}
        if not gone:
            return
        for type_url, kept in self._kept.items():
            self._kept[type_url] = {n: r for n, r in kept.items() if (type_url, n) not in gone}
        for key in gone:
            del self._expiry[key]
        self._merge_kept()
