"""Where one client stands, and what follows from each request, snapshot and moment. Pure.

It knows no nonces and no stream, so that clients who went through the same can share one
(:mod:`xds.cohort`); what makes it a stream's own is :class:`xds.session.Session`.
"""

from collections.abc import Hashable
from typing import Final, Protocol, Self, TypeAlias

from xds.answers import Answer, Refused, Response
from xds.asked import weight
from xds.delta_watch import DeltaWatch
from xds.duplicate import duplicate
from xds.resources import Encoded, Held, ResourceSet, ghost
from xds.rollout import Rollout
from xds.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, ORDER, TypeUrl
from xds.watch import Watch
from xds.wire.decode import DeltaDiscoveryRequest, DiscoveryRequest

ACK_WAIT: Final = 5.0
"""Seconds that a type waits for the acknowledgement of those before it. Envoy acknowledges
clusters when they are warm, so this is the time that resolving names and reading endpoints has."""
MAX_STRANGE: Final = 16
"""How many types that nobody serves a client may ask for in vain."""
LINGER: Final = 2.0
"""Seconds that clusters stay after nothing names them, for requests under way: a retry looks its
cluster up again."""

Request: TypeAlias = DiscoveryRequest | DeltaDiscoveryRequest


class Memory(Protocol):
    """Who knows what was served lately, whatever the stream; a pool of resources does."""

    def recall(self, type_url: TypeUrl, version: str) -> ResourceSet | None:
        """Return the set of resources that had this version."""

    def recall_one(self, type_url: TypeUrl, name: str, version: str) -> Encoded | None:
        """Return the resource that had this version."""

    def ghost(self, type_url: TypeUrl, name: str) -> Encoded:
        """Return what is known of a resource that only clients know."""


class SessionState:
    """What one client asked for, has, and is to be sent next.

    A stream speaks one variant of the protocol, and all requests of a session are of one kind.
    """

    __slots__ = (
        "_aggregated",
        "_errors",
        "_memory",
        "_rollout",
        "_strange",
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
        """Begin with nothing.

        :param aggregated: whether the stream carries all types. One that carries a single type
            knows nothing of the others, and waits for none of them.
        """
        self._memory = memory
        self.names = 0
        """How many resources the client asks for by name, those that do not exist included."""
        self.claims = 0
        """How many resources the client claims to have that nobody here knows."""
        self._errors = False
        self._watches: dict[TypeUrl, Watch | DeltaWatch] = {}
        self._strange: dict[TypeUrl, tuple[DeltaWatch, ResourceSet]] = {}
        """What a delta client asks for of types that we do not serve; it is told of each name."""
        self._aggregated = aggregated
        self._rollout = Rollout(self._watches, ack_wait=ack_wait, linger=linger)

    def tell_errors(self) -> None:
        """From now on tell of names that are no resources as ``resource_errors`` (xRFC TP3).

        For clients that know what to do with that; call it before the first request.
        """
        self._errors = True

    def on_request(self, request: Request, now: float, *, current: bool) -> Answer | None:
        """Take a request; return what it says of an earlier response, if anything.

        :param current: whether it carries the nonce of the last response of its type, or there was
            none.

        A request for a type that we do not serve is not answered, and the stream goes on; but a
        delta client is told that what it names does not exist (:meth:`next_response`).
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
        if isinstance(answer, Refused) and not answer.clings:
            self._rollout.refused(type_url, answer.fresh)
        self._rollout.advance(now)
        return answer

    def _refuse_type(self, type_url: TypeUrl, request: Request, *, current: bool) -> None:
        if not isinstance(request, DeltaDiscoveryRequest):
            return
        if type_url not in self._strange:
            if len(self._strange) >= MAX_STRANGE:
                return
            nothing = ResourceSet(None, type_url, "", ())
            self._strange[type_url] = (DeltaWatch(type_url, {}, errors=self._errors), nothing)
        watch, names = self._strange[type_url][0], self._strange[type_url][0].names
        watch.on_request(request, current=current)
        self.names += watch.names - names

    def _open(self, type_url: TypeUrl, request: DiscoveryRequest, now: float) -> Watch:
        watch = Watch(type_url, request.version, errors=self._errors)
        self._watches[type_url] = watch
        if request.version:
            known = self._memory and self._memory.recall(type_url, request.version)
            self._welcome_back(type_url, known.by_name if known else None, now)
        return watch

    def _open_delta(
        self, type_url: TypeUrl, request: DeltaDiscoveryRequest, now: float
    ) -> DeltaWatch:
        memory, versions = self._memory, request.initial_versions
        claim = ghost if memory is None else memory.ghost
        held: Held = {
            name: (memory and memory.recall_one(type_url, name, versions[name]))
            or claim(type_url, name)
            for name in sorted(versions)
        }
        self.claims += weight(name for name, resource in held.items() if resource.is_ghost)
        watch = DeltaWatch(type_url, held, errors=self._errors)
        self._watches[type_url] = watch
        if held:
            self._welcome_back(type_url, held, now)
        return watch

    def _welcome_back(self, type_url: TypeUrl, held: Held | None, now: float) -> None:
        self._rollout.welcome_back(type_url, held, now, alone=not self._aggregated)

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        """Make this what the client is to have; return whether that is news for it.

        A snapshot that comes while an older one is on its way overtakes it.
        """
        news = self._rollout.target is not snapshot
        if not self._rollout.step(snapshot, now):
            self._rollout.aim(snapshot)
            self._rollout.advance(now)
        return news and not self.arrived

    def on_tick(self, now: float) -> None:
        """Let time pass, which ends waiting for an acknowledgement and keeping what is unused."""
        self._rollout.advance(now)

    def next_response(self, nonce: str, now: float) -> Response | None:
        """Return the response to write now, as sent; ``None`` when there is nothing to write.

        :param nonce: what it is to carry.
        """
        response = None if self._rollout.arrived else self._next_served(nonce, now)
        if response is None and self._strange:
            response = self._next_strange(nonce, now)
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

    def _next_strange(self, nonce: str, now: float) -> Response | None:
        for strange, nothing in self._strange.values():
            if strange.flight is None and strange.due(nothing):
                return self._respond(strange, nothing, nonce, now)
        return None

    # ---- what is shared --------------------------------------------------------------------------

    def copy(self) -> Self:
        """Return one that stands where this one does, and goes its own way."""
        new = duplicate(self)
        new._watches = {type_url: watch.copy() for type_url, watch in self._watches.items()}
        new._strange = {t: (watch.copy(), nothing) for t, (watch, nothing) in self._strange.items()}
        new._rollout = self._rollout.copy(new._watches)
        return new

    def rest(self) -> Hashable | None:
        """Return all that decides what follows from here, if nothing is under way and no time runs:
        two with equal rests answer whatever comes alike. ``None`` if something is.

        Equal for as long as both states live: it tells some of it by identity.
        """
        rollout = self._rollout.rest()
        if rollout is None or self._strange:
            return None
        watches = tuple(watch.rest() for watch in self._watches.values())
        if None in watches:
            return None
        return self._aggregated, self._errors, self.names, self.claims, rollout, watches

    # ---- what is asked of it ---------------------------------------------------------------------

    @property
    def target(self) -> Snapshot | None:
        """What the client is to have."""
        return self._rollout.target

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to write for sure."""
        return self._rollout.arrived and not self._strange

    def opened(self, type_url: TypeUrl) -> bool:
        """Whether there was a request for this type, which need not be one that we serve."""
        return type_url in self._watches or type_url in self._strange

    @property
    def arrived(self) -> bool:
        """Whether the client has acknowledged all of the newest snapshot that it asks for."""
        return self._rollout.arrived

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The types of which the client refuses some of what it is to have.

        None as long as anything is under way: it may yet take the rest of it.
        """
        wanted, refused = self._rollout.wanted, list[TypeUrl]()
        for type_url, watch in self._watches.items():
            if watch.flight is not None:
                return ()
            if watch.clung_to or (type_url in wanted and watch.refuses(wanted[type_url])):
                refused.append(type_url)
        return tuple(refused)

    def watches(self, type_url: TypeUrl) -> bool:
        """Whether the client has asked for anything of this type."""
        return type_url in self._watches

    @property
    def wake_at(self) -> float | None:
        """When to call :meth:`on_tick` even if nothing happens before."""
        return self._rollout.wake_at

    def _respond(
        self, watch: Watch | DeltaWatch, resources: ResourceSet, nonce: str, now: float
    ) -> Response:
        response, fresh = watch.respond(resources, nonce, now)
        if watch.type_url == CLUSTER and (endpoints := self._watches.get(ENDPOINT)):
            # Envoy warms a changed cluster with the endpoints that come after it, even when they
            # are what it had before (envoyproxy/envoy#13009).
            endpoints.urge({name for cluster in fresh for _, name in cluster.needs})
        self._rollout.sent(now)
        return response
