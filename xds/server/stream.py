"""One stream of one proxy: reads requests, and drives its session."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from functools import lru_cache
from itertools import count
from typing import Any, Final, NamedTuple, Protocol

from events.types import CommitId
from mesh.errors import UsageError
from xds.nodes import MAX_ID, Client, ProxyIdentity, parse_identity
from xds.protocol.response import Nack, Response
from xds.protocol.session import Request, Session
from xds.server.limits.admission import StreamLimits, Unlimited
from xds.server.response_writer import ResponseWriter
from xds.server.services import ADS, Method
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, LISTENER, ROUTE, TypeUrl
from xds.wire.decode import DiscoveryRequest, Node, decode_delta_request, decode_request
from xds.wire.fields import DecodeError
from xds.wire.response import complete, identifier_field

_numbers = count(1)
_UNLIMITED: Final = Unlimited()
_NO_COMMIT: Final = CommitId("")


class Observer(Protocol):
    """Receiver of a stream's events; events have the names of facts
    (:mod:`xds.delivery.stream_facts`)."""

    @property
    def commit(self) -> CommitId:
        """The commit whose mesh is served now."""

    def connected(self, stream: "Stream") -> Snapshot | None:
        """Called when a stream has named its node; return its target snapshot, if it exists."""

    def resumed(self, stream: "Stream", clusters: str) -> Awaitable[None] | None:
        """Called when a client says that it has clusters of this version from an earlier stream.

        The session processes the request afterwards: it needs the clusters' content to keep them
        until the client no longer uses them. Returns an awaitable for the lookup, if there is one.
        """

    def written(self, stream: "Stream") -> None:
        """Called when a response was handed to the transport."""

    def synced(self, stream: "Stream") -> None:
        """Called when the client has acknowledged its whole target; possibly repeatedly."""

    def refused(self, stream: "Stream", nack: Nack, commit: CommitId) -> None:
        """Called when the client refused a response that was sent for this commit."""

    def stuck(self, stream: "Stream") -> None:
        """Called when the client has everything except the resources that it refuses; possibly
        repeatedly."""


class _Sent(NamedTuple):
    """Commit and snapshot to which the last response of a type belongs."""

    commit: CommitId
    snapshot: Snapshot | None


class Stream:
    """One stream of one proxy, with its session."""

    def __init__(
        self,
        session: Session,
        peer: str,
        write: Callable[[bytes], Coroutine[Any, None, None]],
        observer: Observer,
        method: Method = ADS,
        limits: StreamLimits = _UNLIMITED,
    ) -> None:
        """Start; :meth:`receive` drives the stream."""
        self.number = next(_numbers)
        self.peer = peer
        self.name = f"{peer}#{self.number}"
        """Identifies this stream within the server."""
        self.session = session
        self.node = Node()
        self.snapshot: Snapshot | None = None
        """The target snapshot."""
        self.established = False
        """True if the client had accepted a whole earlier snapshot, so that it has a configuration.
        """
        self.behind = True
        """True until it is reported that the client has accepted its whole target."""
        self.accepted: CommitId = _NO_COMMIT
        """The newest commit known to be what the client has acknowledged; the publisher advances it
        (:meth:`xds.server.publisher.Publisher.accepted`)."""
        self._identity: ProxyIdentity | None = None
        self._observer = observer
        self._method = method
        self._decode = decode_delta_request if method.delta else decode_request
        self._limits = limits
        self._writer = ResponseWriter(write, self._next_message, self._written, self._resumed)
        self._closed = False
        self._wakes_at = math.inf
        self._asks = (0, 0)
        """Number of subscribed names, and of unknown resources that the client claims to have."""
        self._sent: dict[str, _Sent] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    # ---- queries ---------------------------------------------------------------------------------

    @property
    def named(self) -> bool:
        """True if the client has named its node."""
        return self._identity is not None

    @property
    def identity(self) -> ProxyIdentity:
        """The client's node and addressing.

        :raises ValueError: the client has not named its node.
        """
        if self._identity is None:
            raise ValueError(f"{self.name} has not named its node")
        return self._identity

    @property
    def aggregated(self) -> bool:
        """True if the client's whole configuration goes over this stream."""
        return self._method.type_url is None

    @property
    def complete(self) -> bool:
        """True if the client subscribes to all that it needs to serve traffic.

        A client acknowledges its clusters before it subscribes to listeners, and its listeners
        before it subscribes to their routes.
        """
        state, target = self.session.state, self.snapshot
        if not self.aggregated:
            return True
        has_routes = target is not None and bool(target[ROUTE].all)
        return state.watches(LISTENER) and (state.watches(ROUTE) or not has_routes)

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The resource types in which the client refuses part of the target; empty if it lacks more
        than that."""
        return () if self._writer.busy else self.session.state.stuck_on

    @property
    def may_answer(self) -> bool:
        """True if the client may still accept or refuse part of its target."""
        return not (self._closed or self.session.state.in_sync or self.stuck_on)

    def sent_for(self, type_url: TypeUrl) -> Snapshot | None:
        """Return the snapshot to which the last response of a type belonged."""
        sent = self._sent.get(type_url)
        return None if sent is None else sent.snapshot

    # ---- requests --------------------------------------------------------------------------------

    def receive(self, data: bytes) -> Awaitable[None] | None:
        """Process the bytes of a request, and start to write the responses that are due.

        Returns an awaitable if the next request must not be read before it is done.

        :raises UsageError: the bytes are not a request, or its node cannot be served.
        :raises GitmeshError: a limit is reached.
        """
        try:
            request = self._decode(data)
            self._identify(request.node)
        except DecodeError as error:
            raise UsageError(f"not a discovery request: {error}") from None
        request = self._typed(request)
        first = request.type_url == CLUSTER and not self.session.state.watches(CLUSTER)
        # A delta client sends the versions that it has.
        if first and isinstance(request, DiscoveryRequest) and request.version:
            found = self._observer.resumed(self, request.version)
            if found is not None:
                return self._take_after(found, request)
        self._take(request)
        return None

    async def _take_after(self, found: Awaitable[None], request: Request) -> None:
        await found
        self._take(request)

    def _take(self, request: Request) -> None:
        answer = self.session.on_request(request, self._loop.time())
        self._check_limits()
        if isinstance(answer, Nack):
            sent = self._sent.get(answer.type_url)
            commit = self._observer.commit if sent is None else sent.commit
            self._observer.refused(self, answer, commit)
        self.go_on()

    def _check_limits(self) -> None:
        state = self.session.state
        asks = state.names, 0 if state.in_sync else state.claims
        if asks != self._asks:
            self._asks = asks
            self._limits.asks(asks[0])
            self._limits.claims(asks[1])

    def _typed(self, request: Request) -> Request:
        """Return the request with its type, which only aggregated streams must send."""
        only = self._method.type_url
        if only is not None and not request.type_url:
            return request._replace(type_url=only)
        if not request.type_url:
            raise UsageError("a request on an aggregated stream must have a type_url")
        if only is not None and request.type_url != only:
            asked = request.type_url[:MAX_ID]
            raise UsageError(f"this stream carries only {only}, not {asked!r}")
        return request

    def _identify(self, node: Node | None) -> None:
        """Read the node from the first request; check that later requests name no other node."""
        if self._identity is None:
            node = node or Node()
            identity = _identity_of(node)
            self._limits.admit(identity)
            self.node, self._identity = node, identity
            if identity.client is Client.GRPC:
                self.session.tell_errors()
            snapshot = self._observer.connected(self)
            if snapshot is not None:
                self.aim(snapshot)
        elif node is not None and node.id and node.id != self.node.id:
            raise UsageError(f"the stream belongs to {self.node.id!r}, not to {node.id!r}")

    # ---- responses -------------------------------------------------------------------------------

    def aim(self, snapshot: Snapshot) -> bool:
        """Set the client's target; return whether the client needs an update.

        Call :meth:`go_on` to write the update.
        """
        self.established = self.established or (self.session.state.in_sync and self.complete)
        self.snapshot = snapshot
        return self.session.on_snapshot(snapshot, self._loop.time())

    def offer(self, snapshot: Snapshot) -> None:
        """Set the client's target, and start to write the update."""
        self.aim(snapshot)
        self.go_on()

    def go_on(self) -> None:
        """Report whether the client is in sync or stuck, and write the responses that are due."""
        state = self.session.state
        if state.in_sync:
            self._observer.synced(self)
        if not state.quiet:
            self._writer.go_on()
            self._report_stuck()
        self._set_timer()

    def _next_message(self) -> bytes | None:
        response = self.session.next_response(self._loop.time())
        if response is None:
            return None
        commit = self._observer.commit
        self._sent[response.type_url] = _Sent(commit, self.snapshot)
        return _whole(response, _identifier(commit, self._method.delta))

    def _written(self) -> None:
        self._observer.written(self)

    def _resumed(self) -> None:
        self._set_timer()
        self._report_stuck()

    def _report_stuck(self) -> None:
        if not self.session.state.in_sync and self.stuck_on:
            self._observer.stuck(self)

    # ---- time ------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        wake_at = self.session.wake_at
        # A timer that is too early does nothing and is set again.
        if wake_at is not None and wake_at < self._wakes_at:
            self._cancel_timer()
            self._wakes_at = wake_at
            self._timer = self._loop.call_at(wake_at, self.wake)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wake(self) -> None:
        """Process the passing of time."""
        if self._closed:
            return
        self._wakes_at, now, due_at = math.inf, self._loop.time(), self.session.wake_at
        if due_at is not None and due_at <= now:
            self.session.on_tick(now)
            self._writer.go_on()
            self._set_timer()
        else:
            # Usually the reason for the timer is gone.
            self._set_timer()

    # ---- end -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write nothing more."""
        self._closed = True
        self._writer.close()
        self.session.close(self._loop.time())
        # Release old snapshots early, because many clients may reconnect at once.
        self._cancel_timer()

    async def end_writing(self, within_s: float = 0.0) -> None:
        """Wait until the transport has taken the current response, for a bounded time."""
        await self._writer.end(within_s)


def _identity_of(node: Node) -> ProxyIdentity:
    if not node.id:
        raise UsageError("the first request of a stream must carry node.id")
    return _known_identity(node.id, tuple(node.metadata.items()), node.user_agent_name)


@lru_cache(1024)
def _known_identity(
    node_id: str, metadata: tuple[tuple[str, str], ...], user_agent: str
) -> ProxyIdentity:
    return parse_identity(node_id, dict(metadata), user_agent)


@lru_cache(8)
def _whole(response: Response, identifier: bytes) -> bytes:
    # Streams with a shared state are sent the same bytes.
    return complete(response.body, response.nonce, identifier)


@lru_cache(64)
def _identifier(commit: CommitId, delta: bool) -> bytes:
    return identifier_field(f"gitmesh/{commit}", delta=delta)
