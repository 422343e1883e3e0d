"""One client's stream as a state machine: requests and snapshots in, responses out. Pure.

The shell that owns the stream calls :meth:`Session.on_request`, :meth:`Session.on_snapshot` and
:meth:`Session.on_tick`, and after each of them writes what :meth:`Session.next_response` returns
until it returns nothing. Responses are made at the moment they can be written: nothing is queued,
so a client that reads slowly is sent the latest when it reads again, and never what was in between.
"""

from typing import Final, Protocol, TypeAlias

from xds.answers import Answer, Refused, Response
from xds.delta_watch import DeltaWatch
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


class Session:
    """What one client asked for, has, and is to be sent next.

    A stream speaks one variant of the protocol, and all requests of a session are of one kind.
    """

    __slots__ = (
        "_aggregated",
        "_errors",
        "_memory",
        "_nonce",
        "_rollout",
        "_strange",
        "_watches",
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
        self._nonce = 0
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

    def on_request(self, request: Request, now: float) -> Answer | None:
        """Take a request; return what it says of an earlier response, if anything.

        A request for a type that we do not serve is not answered, and the stream goes on; but a
        delta client is told that what it names does not exist (:meth:`next_response`).
        """
        type_url = TypeUrl(request.type_url)
        watch = self._watches.get(type_url)
        names = 0 if watch is None else watch.names
        if watch is None and type_url not in ORDER:
            self._refuse_type(type_url, request)
            return None
        if isinstance(request, DeltaDiscoveryRequest):
            if not isinstance(watch, DeltaWatch):
                watch = self._open_delta(type_url, request, now)
            answer = watch.on_request(request)
        else:
            if not isinstance(watch, Watch):
                watch = self._open(type_url, request, now)
            answer = watch.on_request(request)
        self.names += watch.names - names
        if isinstance(answer, Refused):
            self._rollout.refused(type_url, answer.fresh)
        self._rollout.advance(now)
        return answer

    def _refuse_type(self, type_url: TypeUrl, request: Request) -> None:
        if not isinstance(request, DeltaDiscoveryRequest):
            return
        if type_url not in self._strange:
            if len(self._strange) >= MAX_STRANGE:
                return
            nothing = ResourceSet(None, type_url, "", ())
            self._strange[type_url] = (DeltaWatch(type_url, {}, errors=self._errors), nothing)
        watch, names = self._strange[type_url][0], self._strange[type_url][0].names
        watch.on_request(request)
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
        held: Held = {
            name: (memory and memory.recall_one(type_url, name, versions[name]))
            or ghost(type_url, name, versions[name])
            for name in sorted(versions)
        }
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

    def next_response(self, now: float) -> Response | None:
        """Return the response to write now, as sent; ``None`` when there is nothing to write."""
        response = None if self._rollout.arrived else self._next_served(now)
        if response is None and self._strange:
            response = self._next_strange(now)
        return response

    def _next_served(self, now: float) -> Response | None:
        wanted = self._rollout.wanted
        for type_url in ORDER:
            watch, resources = self._watches.get(type_url), wanted.get(type_url)
            if watch is None or resources is None or watch.settled_on is resources:
                continue
            if watch.flight is not None and not self._rollout.overdue(type_url, now):
                continue
            if watch.due(resources):
                return self._respond(watch, resources, now)
        return None

    def _next_strange(self, now: float) -> Response | None:
        for strange, nothing in self._strange.values():
            if strange.flight is None and strange.due(nothing):
                return self._respond(strange, nothing, now)
        return None

    @property
    def arrived(self) -> bool:
        """Whether the client has acknowledged all of the newest snapshot that it asks for."""
        return self._rollout.arrived

    def watches(self, type_url: TypeUrl) -> bool:
        """Whether the client has asked for anything of this type."""
        return type_url in self._watches

    @property
    def wake_at(self) -> float | None:
        """When to call :meth:`on_tick` even if nothing happens before."""
        return self._rollout.wake_at

    def _respond(self, watch: Watch | DeltaWatch, resources: ResourceSet, now: float) -> Response:
        self._nonce += 1
        response, fresh = watch.respond(resources, str(self._nonce), now)
        if watch.type_url == CLUSTER and (endpoints := self._watches.get(ENDPOINT)):
            # Envoy warms a changed cluster with the endpoints that come after it, even when they
            # are what it had before (envoyproxy/envoy#13009).
            endpoints.urge({name for cluster in fresh for _, name in cluster.needs})
        self._rollout.sent(now)
        return response
