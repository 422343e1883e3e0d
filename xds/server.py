"""The xDS server: gRPC on the outside, bytes in and bytes out; every decision is made elsewhere."""

import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio

from events.latest import Latest
from events.publication import Publication
from mesh.errors import Fatal, UsageError
from xds.address import where_to_listen
from xds.cache import SnapshotCache, TooManyIdentities
from xds.hub import Hub
from xds.ledger import Ledger
from xds.recorder import Recorder, recording
from xds.reports import Reports
from xds.services import SERVICES
from xds.session import ACK_WAIT, LINGER, Session
from xds.stream import Method, Stream

_log = logging.getLogger(__name__)

DEFAULT_ADDRESS: Final = "127.0.0.1:18000"
MAX_REASON: Final = 1_000
"""How much is told and kept of why a stream was ended, in characters."""

# grpc has no types of its own; nothing of `Any` leaves this module.
_Context: TypeAlias = Any
_Handler: TypeAlias = Callable[[AsyncIterator[bytes], _Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AdsSettings:
    """Limits and patience of the server."""

    max_streams: int = 10_000
    max_request_bytes: int = 4 << 20
    """A real Envoy's first request is 61 KB; one that names 20,000 clusters stays below 2 MB."""
    keepalive_s: int = 30
    """How long a connection may be silent before it is asked whether it still lives."""
    keepalive_timeout_s: int = 10
    min_ping_interval_s: int = 15
    """A client that pings more often than this is sent away."""
    max_connection_age_s: int | None = None
    """Close connections of this age (gRPC spreads it by 10 %), so that proxies spread anew."""
    grace_s: float = 0.3
    """How long streams get to end when the server stops."""
    ack_wait_s: float = ACK_WAIT
    linger_s: float = LINGER
    plain_text_anywhere: bool = False
    """Listen without TLS on addresses that are not this machine's own."""
    share_port: bool = False
    """Let other processes of this user listen on the same port; they must have made sure that it
    is theirs (:mod:`xds.shared_port`)."""


async def serve_ads(
    address: str,
    cache: SnapshotCache,
    latest: Latest[Publication],
    recorder: Recorder,
    *,
    settings: AdsSettings | None = None,
    started: Callable[[int], None] = lambda port: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve every publication to every proxy that asks, until cancelled.

    Calls ``started`` with the port once the server listens, and ``ready`` once it answers: streams
    that come before the first publication are told to come again, because a mesh that is not known
    yet must not look empty. Runs the recorder too, and ends it after the last stream, so that the
    last events are in the log.

    :raises Fatal: the address cannot be listened on.
    :raises UsageError: the address is none, or it is not this machine's own and the settings do
        not allow that.
    """

    def listening(port: int) -> None:
        _log.info("serving xDS", extra={"address": address, "port": port})
        started(port)

    work = serve_streams(
        address, cache, latest, Ledger(recorder), settings=settings, started=listening, ready=ready
    )
    await recording(recorder, work)


async def serve_streams(
    address: str,
    cache: SnapshotCache,
    latest: Latest[Publication],
    reports: Reports,
    *,
    settings: AdsSettings | None = None,
    started: Callable[[int], None] = lambda port: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Do as :func:`serve_ads`, but tell what happens to somebody else's reports."""
    settings = settings or AdsSettings()
    refuse_open_address(address, settings)
    hub = Hub(cache, reports)
    server = grpc.aio.server(options=_options(settings))
    server.add_generic_rpc_handlers(_handlers(_Discovery(hub, cache, settings)))
    port = await _listen(server, address)
    try:
        started(port)
        await _follow(latest, hub, ready)
    finally:
        await server.stop(settings.grace_s)


async def _follow(latest: Latest[Publication], hub: Hub, ready: Callable[[], None]) -> None:
    publication, seen = await latest.after(0)
    await hub.publish(publication)
    ready()
    while True:
        publication, seen = await latest.after(seen)
        await hub.publish(publication)


class _Discovery:
    """The discovery services: one call of a method is one stream of one proxy."""

    def __init__(self, hub: Hub, cache: SnapshotCache, settings: AdsSettings) -> None:
        self._hub = hub
        self._cache = cache
        self._settings = settings
        self._streams = 0

    def answering(self, method: Method) -> _Handler:
        """Return what answers calls of a method."""

        async def answer(requests: AsyncIterator[bytes], context: _Context) -> None:
            await self._serve(method, requests, context)

        return answer

    async def _serve(
        self, method: Method, requests: AsyncIterator[bytes], context: _Context
    ) -> None:
        if not self._hub.ready:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the mesh is not known yet")
        if self._streams >= self._settings.max_streams:
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._settings.max_streams} streams are open already",
            )
        session = Session(
            self._cache.pool,
            ack_wait=self._settings.ack_wait_s,
            linger=self._settings.linger_s,
            aggregated=method.type_url is None,
        )
        stream = Stream(session, context.peer(), context.write, self._hub, method)
        self._streams += 1
        reason = "cancelled"
        try:
            reason = await _read(stream, requests, context)
        finally:
            self._streams -= 1
            stream.close()
            self._hub.left(stream, reason)


async def _read(stream: Stream, requests: AsyncIterator[bytes], context: _Context) -> str:
    """Read until the client ends the stream or asks for something wrong; return why it ended."""
    try:
        async for data in requests:
            stream.receive(data)
    except UsageError as error:
        reason, code = str(error), grpc.StatusCode.INVALID_ARGUMENT
    except TooManyIdentities as error:
        reason, code = str(error), grpc.StatusCode.RESOURCE_EXHAUSTED
    else:
        return "closed by the proxy"
    # What a client wrote is quoted here: the log and the status get no more of it than this.
    reason = reason[:MAX_REASON]
    context.set_code(code)
    context.set_details(reason)
    return reason


def _handlers(discovery: _Discovery) -> tuple[Any, ...]:
    """Return what answers each method; without serialisers, so that messages are plain bytes."""
    return tuple(
        grpc.method_handlers_generic_handler(
            service,
            {
                name: grpc.stream_stream_rpc_method_handler(discovery.answering(method))
                for name, method in methods.items()
            },
        )
        for service, methods in SERVICES.items()
    )


def _options(settings: AdsSettings) -> list[tuple[str, int]]:
    options = [
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", settings.max_streams + 1000),
        # More than a thousand connects at once are cancelled at random below these; those beyond
        # max_streams must get so far as to be refused in words.
        ("grpc.server.max_pending_requests", 2 * settings.max_streams + 1000),
        ("grpc.server.max_pending_requests_hard_limit", 4 * settings.max_streams + 2000),
        ("grpc.keepalive_time_ms", settings.keepalive_s * 1000),
        ("grpc.keepalive_timeout_ms", settings.keepalive_timeout_s * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", settings.min_ping_interval_s * 1000),
        ("grpc.http2.max_pings_without_data", 0),
        # A second server on this port is a mistake that must not go unseen.
        ("grpc.so_reuseport", int(settings.share_port)),
    ]
    if settings.max_connection_age_s is not None:
        options.append(("grpc.max_connection_age_ms", settings.max_connection_age_s * 1000))
    return options


async def _listen(server: Any, address: str) -> int:
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise Fatal(
            f"cannot listen on {address}: {error}", hint="is another server running there?"
        ) from None
    where = where_to_listen(address)
    # gRPC takes a port that it cannot use for another one, and says nothing.
    if where is not None and where[1] not in (0, port):
        raise Fatal(f"cannot listen on {address}: the system gave port {port} instead")
    await server.start()
    return int(port)


def refuse_open_address(address: str, settings: AdsSettings) -> None:
    """Make sure that no configuration would leave this machine in plain text by accident.

    :raises UsageError: the address is none, or it is not this machine's own and the settings do
        not allow that.
    """
    where = where_to_listen(address)
    if where is None or settings.plain_text_anywhere or where[0] == "localhost":
        return
    try:
        own = ipaddress.ip_address(where[0]).is_loopback
    except ValueError:
        own = False
    if not own:
        raise UsageError(
            f"{address}: configuration would leave this machine in plain text",
            hint="listen on 127.0.0.1, or allow plain text explicitly",
        )
