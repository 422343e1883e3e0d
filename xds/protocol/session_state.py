"""State of one client, and its transitions by requests, snapshots and time. Pure.

The state contains neither nonces nor the stream, so clients with equal history can share it
(:mod:`xds.protocol.shared_session`). :class:`xds.protocol.session.Session` holds the data of one
stream.
"""

from collections.abc import Hashable
from typing import Final, Protocol, Self, TypeAlias

from xds.protocol.delta_watch import DeltaWatch
from xds.protocol.response import Answer, Nack, Response
from xds.protocol.rollout import Rollout
from xds.protocol.shallow_copy import duplicate
from xds.protocol.sotw_watch import Watch
from xds.protocol.subscription import weight
from xds.snapshots.resources import Encoded, Held, ResourceSet, unknown_resource
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, ORDER, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, DiscoveryRequest

ACK_WAIT: Final = 5.0
"""Seconds that a roll-out waits for the ACK of one resource type before it sends the next. Envoy
acknowledges clusters when they are warm, so this includes DNS resolution and loading of endpoints.
"""
MAX_UNSERVED_TYPES: Final = 16
"""Maximum number of unknown types that a client may ask for."""
LINGER: Final = 2.0
"""Seconds for which unreferenced clusters are kept, for running requests: a retry looks up its
cluster again."""

Request: TypeAlias = DiscoveryRequest | DeltaDiscoveryRequest


class Memory(Protocol):
    """Lookup of recently served resources by version, across streams; implemented by the pool."""

    def recall(self, type_url: TypeUrl, version: str) -> ResourceSet | None:
        """Return the resource set with this version."""

    def recall_one(self, type_url: TypeUrl, name: str, version: str) -> Encoded | None:
        """Return the resource with this version."""

    def unknown_resource(self, type_url: TypeUrl, name: str) -> Encoded:
        """Return a placeholder for a resource that only a client claims to have."""


class SessionState:
    """Subscriptions of one client, its resources, and the responses that are due.

    All requests of a session must belong to one protocol variant, SotW or delta.
    """

    __slots__ = (
        "_aggregated",
        "_errors",
        "_memory",
        "_rollout",
        "_unserved",
        "_watches",
        "claims",
        "names",
    )

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        ack_wait: float = ACK_WAIT,
        linger: float = LINGER,
        aggregated: bool = True,
    ) -> None:
        """Start without subscriptions.

        :param aggregated: whether the stream carries all types. A stream with a single type does
            not wait for other types.
        """
        self._memory = memory
        self.names = 0
        """Number of names that the client subscribes to, existing or not."""
        self.claims = 0
        """Number of resources that the client claims to have but this server does not know."""
        self._errors = False
        self._watches: dict[TypeUrl, Watch | DeltaWatch] = {}
        self._unserved: dict[TypeUrl, tuple[DeltaWatch, ResourceSet]] = {}
        """Subscriptions of a delta client to types that are not served; each name is answered as
        nonexistent."""
        self._aggregated = aggregated
        self._rollout = Rollout(self._watches, ack_wait=ack_wait, linger=linger)

    def tell_errors(self) -> None:
        """Report nonexistent names as ``resource_errors`` from now on (xRFC TP3).

        Call this before the first request, and only for clients that support it.
        """
        self._errors = True

    def on_request(self, request: Request, now: float, *, current: bool) -> Answer | None:
        """Process a request; return its answer to an earlier response, if it contains one.

        :param current: whether the request has the nonce of its type's last response, or there was
            no response yet.

        A request for an unknown type does not end the stream. A SotW client gets no response to it;
        a delta client gets a response that the names do not exist (:meth:`next_response`).
        """
        type_url = TypeUrl(request.type_url)
        watch = self._watches.get(type_url)
        names = 0 if watch is None else watch.names
        if watch is None and type_url not in ORDER:
            self._refuse_type(type_url, request, current=current)
            return None
        if isinstance(request, DeltaDiscoveryRequest):
            if not isinstance(watch, DeltaWatch):
                watch = self._open_delta(type_url, request, now)
            answer = watch.on_request(request, current=current)
        else:
            if not isinstance(watch, Watch):
                watch = self._open(type_url, request, now)
            answer = watch.on_request(request, current=current)
        self.names += watch.names - names
        if isinstance(answer, Nack) and not answer.removal_only:
            self._rollout.refused(type_url, answer.fresh)
        self._rollout.advance(now)
        return answer

    def _refuse_type(self, type_url: TypeUrl, request: Request, *, current: bool) -> None:
        if not isinstance(request, DeltaDiscoveryRequest):
            return
        if type_url not in self._unserved:
            if len(self._unserved) >= MAX_UNSERVED_TYPES:
                return
            nothing = ResourceSet(None, type_url, "", ())
            self._unserved[type_url] = (DeltaWatch(type_url, {}, errors=self._errors), nothing)
        watch, names = self._unserved[type_url][0], self._unserved[type_url][0].names
        watch.on_request(request, current=current)
        self.names += watch.names - names

    def _open(self, type_url: TypeUrl, request: DiscoveryRequest, now: float) -> Watch:
        watch = Watch(type_url, request.version, errors=self._errors)
        self._watches[type_url] = watch
        if request.version:
            known = self._memory and self._memory.recall(type_url, request.version)
            self._resume_from(type_url, known.by_name if known else None, now)
        return watch

    def _open_delta(
        self, type_url: TypeUrl, request: DeltaDiscoveryRequest, now: float
    ) -> DeltaWatch:
        memory, versions = self._memory, request.initial_versions
        claim = unknown_resource if memory is None else memory.unknown_resource
        held: Held = {
            name: (memory and memory.recall_one(type_url, name, versions[name]))
            or claim(type_url, name)
            for name in sorted(versions)
        }
        self.claims += weight(name for name, resource in held.items() if resource.is_unknown)
        watch = DeltaWatch(type_url, held, errors=self._errors)
        self._watches[type_url] = watch
        if held:
            self._resume_from(type_url, held, now)
        return watch

    def _resume_from(self, type_url: TypeUrl, held: Held | None, now: float) -> None:
        self._rollout.resume_from(type_url, held, now, alone=not self._aggregated)

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        """Set the target snapshot; return whether the client needs an update.

        The new target replaces a snapshot that is still being rolled out.
        """
        news = self._rollout.target is not snapshot
        if not self._rollout.step(snapshot, now):
            self._rollout.aim(snapshot)
            self._rollout.advance(now)
        return news and not self.in_sync

    def on_tick(self, now: float) -> None:
        """Process the passing of time: end waits for acknowledgements, and remove unused clusters
        when due."""
        self._rollout.advance(now)

    def next_response(self, nonce: str, now: float) -> Response | None:
        """Return the response to write now, marked as sent; ``None`` if there is none.

        :param nonce: the nonce of the response.
        """
        response = None if self._rollout.in_sync else self._next_served(nonce, now)
        if response is None and self._unserved:
            response = self._next_unserved(nonce, now)
        return response

    def _next_served(self, nonce: str, now: float) -> Response | None:
        wanted = self._rollout.wanted
        for type_url in ORDER:
            watch, resources = self._watches.get(type_url), wanted.get(type_url)
            if watch is None or resources is None or watch.settled_on is resources:
                continue
            if watch.flight is not None and not self._rollout.overdue(type_url, now):
                continue
            if watch.due(resources):
                return self._respond(watch, resources, nonce, now)
        return None

    def _next_unserved(self, nonce: str, now: float) -> Response | None:
        for unserved, nothing in self._unserved.values():
            if unserved.flight is None and unserved.due(nothing):
                return self._respond(unserved, nothing, nonce, now)
        return None

    # ---- sharing ---------------------------------------------------------------------------------

    def copy(self) -> Self:
        """Return an independent copy."""
        new = duplicate(self)
        new._watches = {type_url: watch.copy() for type_url, watch in self._watches.items()}
        new._unserved = {
            t: (watch.copy(), nothing) for t, (watch, nothing) in self._unserved.items()
        }
        new._rollout = self._rollout.copy(new._watches)
        return new

    def rest(self) -> Hashable | None:
        """Return a comparison key: states with equal keys behave the same from now on.

        ``None`` while something is in flight or a timer runs. Keys compare parts by identity, so
        two keys are comparable only as long as both states exist.
        """
        rollout = self._rollout.rest()
        if rollout is None or self._unserved:
            return None
        watches = tuple(watch.rest() for watch in self._watches.values())
        if None in watches:
            return None
        return self._aggregated, self._errors, self.names, self.claims, rollout, watches

    # ---- queries ---------------------------------------------------------------------------------

    @property
    def target(self) -> Snapshot | None:
        """The target snapshot."""
        return self._rollout.target

    @property
    def quiet(self) -> bool:
        """True if it is certain that no response is due."""
        return self._rollout.in_sync and not self._unserved

    def opened(self, type_url: TypeUrl) -> bool:
        """Return whether the client has sent a request for this type, known or unknown."""
        return type_url in self._watches or type_url in self._unserved

    @property
    def in_sync(self) -> bool:
        """True if the client has acknowledged everything that it subscribes to in the target."""
        return self._rollout.in_sync

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The resource types in which the client refuses part of the target.

        Empty while a response is in flight, because the client may still accept the rest.
        """
        wanted, refused = self._rollout.wanted, list[TypeUrl]()
        for type_url, watch in self._watches.items():
            if watch.flight is not None:
                return ()
            if watch.refused_removals or (type_url in wanted and watch.refuses(wanted[type_url])):
                refused.append(type_url)
        return tuple(refused)

    def watches(self, type_url: TypeUrl) -> bool:
        """Return whether the client subscribes to this type."""
        return type_url in self._watches

    @property
    def wake_at(self) -> float | None:
        """Time to call :meth:`on_tick` if no request or snapshot comes before."""
        return self._rollout.wake_at

    def _respond(
        self, watch: Watch | DeltaWatch, resources: ResourceSet, nonce: str, now: float
    ) -> Response:
        response, fresh = watch.respond(resources, nonce, now)
        if watch.type_url == CLUSTER and (endpoints := self._watches.get(ENDPOINT)):
            # Envoy warms a changed cluster only with endpoints sent after it, even if they did not
            # change (envoyproxy/envoy#13009).
            endpoints.urge({name for cluster in fresh for _, name in cluster.needs})
        self._rollout.sent(now)
        return response
