"""One client's stream as a state machine: requests and snapshots in, responses out. Pure.

The shell that owns the stream calls :meth:`Session.on_request`, :meth:`Session.on_snapshot` and
:meth:`Session.on_tick`, and after each of them writes what :meth:`Session.next_response` returns
until it returns nothing. Responses are made at the moment they can be written: nothing is queued,
so a client that reads slowly is sent the latest when it reads again, and never what was in between.
"""

from collections.abc import Callable
from typing import Final

from xds.resources import ResourceSet
from xds.rollout import Rollout
from xds.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, ORDER, TypeUrl
from xds.watch import Answer, Refused, Response, Watch
from xds.wire.decode import DiscoveryRequest

ACK_WAIT: Final = 5.0
"""Seconds that a type waits for the acknowledgement of those before it. Envoy acknowledges
clusters when they are warm, so this is the time that resolving names and reading endpoints has."""
LINGER: Final = 2.0
"""Seconds that clusters stay after nothing names them, for requests under way: a retry looks its
cluster up again."""

Recall = Callable[[TypeUrl, str], ResourceSet | None]


class Session:
    """What one client asked for, has, and is to be sent next."""

    __slots__ = ("_nonce", "_recall", "_rollout", "_watches")

    def __init__(
        self,
        recall: Recall = lambda type_url, version: None,
        *,
        ack_wait: float = ACK_WAIT,
        linger: float = LINGER,
    ) -> None:
        self._recall = recall
        self._nonce = 0
        self._watches: dict[TypeUrl, Watch] = {}
        self._rollout = Rollout(self._watches, ack_wait=ack_wait, linger=linger)

    def on_request(self, request: DiscoveryRequest, now: float) -> Answer | None:
        """Take a request; return what it says of an earlier response, if anything.

        A request for a type that we do not serve is not answered, and the stream goes on.
        """
        type_url = TypeUrl(request.type_url)
        watch = self._watches.get(type_url)
        if watch is None:
            if type_url not in ORDER:
                return None
            watch = self._watches[type_url] = Watch(type_url, request.version)
            if request.version:
                held = self._recall(type_url, request.version)
                self._rollout.welcome_back(type_url, held, now)
        answer = watch.on_request(request)
        if isinstance(answer, Refused):
            self._rollout.refused(type_url, answer.fresh)
        self._rollout.advance(now)
        return answer

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        """Make this what the client is to have; return whether that is news for it.

        A snapshot that comes while an older one is on its way overtakes it.
        """
        news = self._rollout.target is not snapshot
        self._rollout.aim(snapshot)
        self._rollout.advance(now)
        return news and not self.arrived

    def on_tick(self, now: float) -> None:
        """Let time pass, which ends waiting for an acknowledgement and keeping what is unused."""
        self._rollout.advance(now)

    def next_response(self, now: float) -> Response | None:
        """Return the response to write now, as sent; ``None`` when there is nothing to write."""
        wanted = self._rollout.wanted
        for type_url in ORDER:
            watch, resources = self._watches.get(type_url), wanted.get(type_url)
            if watch is None or resources is None or not watch.due(resources):
                continue
            if watch.under_way and not self._rollout.overdue(type_url, now):
                continue
            return self._respond(watch, resources, now)
        return None

    @property
    def arrived(self) -> bool:
        """Whether the client has acknowledged all of the newest snapshot that it asks for."""
        return self._rollout.arrived

    @property
    def wake_at(self) -> float | None:
        """When to call :meth:`on_tick` even if nothing happens before."""
        return self._rollout.wake_at

    def _respond(self, watch: Watch, resources: ResourceSet, now: float) -> Response:
        self._nonce += 1
        response, fresh = watch.respond(resources, str(self._nonce), now)
        if watch.type_url == CLUSTER and (endpoints := self._watches.get(ENDPOINT)):
            # Envoy warms a changed cluster with the endpoints that come after it, even when they
            # are what it had before (envoyproxy/envoy#13009).
            endpoints.urge({name for cluster in fresh for _, name in cluster.needs})
        self._rollout.advance(now)
        return response
