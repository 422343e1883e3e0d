"""One stream of one proxy: reads and writes bytes, and drives its session."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Final, Protocol

from events.types import CommitId
from mesh.errors import UsageError
from xds.nodes import MAX_ID, Client, ProxyIdentity, parse_identity
from xds.protocol.response import Nack, Response
from xds.protocol.session import Request, Session
from xds.runtime.eager_task import Steps
from xds.runtime.wakeups import WakeUps
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, TypeUrl
from xds.wire.decode import DiscoveryRequest, Node, decode_delta_request, decode_request
from xds.wire.fields import DecodeError
from xds.wire.response import complete, identifier_field

_log = logging.getLogger(__name__)

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Method:
    """Method of a discovery service that the client called."""

    delta: bool = False
    type_url: TypeUrl | None = None
    """The resource type of a non-aggregated service."""

    def decode(self, data: bytes) -> Request:
        """Decode a request.

        :raises DecodeError: the bytes are not a request.
        """
        return decode_delta_request(data) if self.delta else decode_request(data)


def _identity_of(node: Node) -> ProxyIdentity:
    if not node.id:
        raise UsageError("the first request of a stream must carry node.id")
    return _known_identity(node.id, tuple(node.metadata.items()), node.user_agent_name)


@lru_cache(1024)
def _known_identity(
    node_id: str, metadata: tuple[tuple[str, str], ...], user_agent: str
) -> ProxyIdentity:
    return parse_identity(node_id, dict(metadata), user_agent)


class Observer(Protocol):
    """Receiver of a stream's events."""

    @property
    def commit(self) -> CommitId:
        """The commit whose mesh is served now."""

    def connected(self, stream: "Stream") -> Snapshot | None:
        """The stream has named its node; return its target snapshot, if it exists."""

    def resumed(self, stream: "Stream", clusters: str) -> Awaitable[None] | None:
        """The client has clusters of this version from an earlier stream.

        Called before the session processes the request: the session needs their content to keep
        them until the client no longer uses them. Returns an awaitable for the lookup, if there is
        one.
        """

    def written(self, stream: "Stream") -> None:
        """A response was handed to the transport."""

    def synced(self, stream: "Stream") -> None:
        """The client has acknowledged its whole target."""

    def refused(self, stream: "Stream", refusal: Nack, commit: CommitId) -> None:
        """The client refused a response that was sent for this commit."""

    def stuck(self, stream: "Stream") -> None:
        """The client has everything except what it refuses. May be called repeatedly."""


class StreamLimits(Protocol):
    """Admission of a stream. Each method raises an error of ours to refuse."""

    def admit(self, identity: ProxyIdentity) -> None:
        """The stream has named its node; called once, before anything else is done for it."""

    def asks(self, names: int) -> None:
        """The stream subscribes to that many names."""

    def claims(self, resources: int) -> None:
        """The stream claims to have that many resources that this server does not know.

        0 as soon as the client has its whole target and nothing of them is kept.
        """


class Unlimited:
    """Admission without limits."""

    def admit(self, identity: ProxyIdentity) -> None:
        """Accept."""

    def asks(self, names: int) -> None:
        """Accept."""

    def claims(self, resources: int) -> None:
        """Accept."""


_UNLIMITED: Final = Unlimited()


class Stream:
    """A proxy's stream. Gives the transport one response at a time, built at that moment.

    So a client that does not read occupies only its session, and gets the latest configuration when
    it reads again.
    """

    def __init__(
        self,
        session: Session,
        peer: str,
        write: Callable[[bytes], Coroutine[Any, None, None]],
        observer: Observer,
        method: Method = Method(),
        limits: StreamLimits = _UNLIMITED,
        wakeups: WakeUps | None = None,
    ) -> None:
        """Start; :meth:`receive` drives the stream.

        :param alarms: wake-up timers, ideally shared by all streams.
        """
        self.number = next(_numbers)
        self.name = f"{peer}#{self.number}"
        """Identifies this stream within the server."""
        self.session = session
        self.identity: ProxyIdentity | None = None
        self.snapshot: Snapshot | None = None
        """The target snapshot."""
        self.established = False
        """True if the client had accepted a whole earlier snapshot, so that it has a configuration.
        """
        self.node = Node()
        self._observer = observer
        self._method = method
        self._limits = limits
        self._write = write
        self._writer: Steps | None = None
        self._writing = False
        self._closed = False
        self._wakes_at = math.inf
        self._commits: dict[str, CommitId] = {}
        self._sent_for: dict[str, Snapshot | None] = {}
        self._loop = asyncio.get_running_loop()
        self._wakeups = WakeUps(self._loop) if wakeups is None else wakeups

    def sent_for(self, type_url: TypeUrl) -> Snapshot | None:
        """Return the snapshot that the last response of a type was part of."""
        return self._sent_for.get(type_url)

    @property
    def aggregated(self) -> bool:
        """True if the client's whole configuration goes over this stream."""
        return self._method.type_url is None

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The types of which the client refuses part of the target and has everything else."""
        return () if self._writing else self.session.stuck_on

    def receive(self, data: bytes) -> Awaitable[None] | None:
        """Take a request as it came over the wire, and start to write what follows from it.

        Returns what to wait for before the next request is read, if there is anything.

        :raises UsageError: the request is none, or its node is not one that we can serve.
        :raises GitmeshError: the door is closed.
        """
        try:
            request = self._method.decode(data)
            self._identify(request.node)
        except DecodeError as error:
            raise UsageError(f"not a discovery request: {error}") from None
        request = self._typed(request)
        first = request.type_url == CLUSTER and not self.session.watches(CLUSTER)
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
        self._limits.asks(self.session.names)
        self._limits.claims(0 if self.session.in_sync else self.session.claims)
        if isinstance(answer, Nack):
            commit = self._commits.get(answer.type_url, self._observer.commit)
            self._observer.refused(self, answer, commit)
        elif self.session.in_sync:
            self._observer.synced(self)
        self._go_on()
        self._tell_if_stuck()

    def _typed(self, request: Request) -> Request:
        """Return the request with its type, which only aggregated streams must send."""
        only = self._method.type_url
        if only is not None and not request.type_url:
            return request._replace(type_url=only)
        if not request.type_url:
            raise UsageError("a request on an aggregated stream must have a type_url")
        if only is not None and request.type_url != only:
            asked = request.type_url[:MAX_ID]
            raise UsageError(f"this stream is for {only} alone, not for {asked!r}")
        return request

    def offer(self, snapshot: Snapshot) -> bool:
        """Set the client's target, and start writing; return whether the client needs an update."""
        self.established = self.established or self.session.in_sync
        self.snapshot = snapshot
        news = self.session.on_snapshot(snapshot, self._loop.time())
        self._go_on()
        return news

    def close(self) -> None:
        """Write nothing more."""
        self._closed = True
        self.session.close(self._loop.time())
        # Release old snapshots early, because many clients may reconnect at once.
        self._wakeups.forget(self, self._wakes_at)

    async def end_writing(self, within_s: float = 0.0) -> None:
        """Let the transport take what is being written, but wait no longer than this."""
        if self._writer is not None:
            await self._writer.end(within_s)

    # ---- identity --------------------------------------------------------------------------------

    def _identify(self, node: Node | None) -> None:
        """Read the node from the first request; check that later ones name no other."""
        if self.identity is None:
            node = node or Node()
            identity = _identity_of(node)
            self._limits.admit(identity)
            self.node, self.identity = node, identity
            if identity.client is Client.GRPC:
                self.session.tell_errors()
            self.snapshot = snapshot = self._observer.connected(self)
            if snapshot is not None:
                self.session.on_snapshot(snapshot, self._loop.time())
        elif node is not None and node.id and node.id != self.node.id:
            raise UsageError(f"the stream belongs to {self.node.id!r}, not to {node.id!r}")

    # ---- writing ---------------------------------------------------------------------------------

    def _go_on(self) -> None:
        if not self._writing and (response := self.session.next_response(self._loop.time())):
            self._writing = True
            self._put(response)
        self._set_timer()

    def _put(self, response: Response | None) -> None:
        """Write a response and all due after it, as far as the transport accepts them now."""
        observer = self._observer
        while response is not None:
            commit = observer.commit
            self._commits[response.type_url] = commit
            self._sent_for[response.type_url] = self.snapshot
            data = _whole(response, _identifier(commit, self._method.delta))
            self._writer = writer = Steps(self._write(data), self._loop, self._go_on_writing)
            if not writer.done:
                return
            response = self._next_after(writer)

    def _go_on_writing(self) -> None:
        if self._closed:
            # Responses are built as late as possible; other sessions may share the state by now.
            return
        if self._writer is not None and (response := self._next_after(self._writer)):
            self._put(response)
            self._set_timer()
        self._tell_if_stuck()

    def _tell_if_stuck(self) -> None:
        if not self.session.in_sync and self.stuck_on:
            self._observer.stuck(self)

    def _next_after(self, writer: Steps) -> Response | None:
        """Return the next response after a completed write; ``None`` if there is none."""
        self._writer = None
        if writer.error is not None:  # The transport's own errors, whose types are not documented.
            _log.debug("stream %s is gone: %s", self.name, writer.error)
            return None
        self._observer.written(self)
        response = self.session.next_response(self._loop.time())
        self._writing = response is not None
        return response

    def _set_timer(self) -> None:
        wake_at = self.session.wake_at
        # A timer that is too early does nothing and is set again.
        if wake_at is not None and wake_at < self._wakes_at:
            self._wakeups.forget(self, self._wakes_at)
            self._wakes_at = wake_at
            self._wakeups.set(self, wake_at)

    def wake(self) -> None:
        """Process the passing of time."""
        if self._closed:
            return
        self._wakes_at, now, due_at = math.inf, self._loop.time(), self.session.wake_at
        if due_at is not None and due_at <= now:
            self.session.on_tick(now)
            self._go_on()
        else:
            # Usually the reason for the timer is gone.
            self._set_timer()


@lru_cache(8)
def _whole(response: Response, identifier: bytes) -> bytes:
    # Streams with a shared state are sent the same bytes.
    return complete(response.body, response.nonce, identifier)


@lru_cache(64)
def _identifier(commit: CommitId, delta: bool) -> bytes:
    return identifier_field(f"gitmesh/{commit}", delta=delta)
