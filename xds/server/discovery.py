"""The xDS server: gRPC streams of bytes. Contains no decisions about meshes or the protocol."""

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import grpc
import grpc.aio

from events.descriptors import open_descriptors
from events.latest import Latest
from events.publication import Publication
from mesh.errors import GitmeshError, UsageError
from xds.bootstrap.address import where_to_listen
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.delivery.recorder import Recorder, recording
from xds.delivery.stream_facts import Reports
from xds.protocol.session import Session
from xds.protocol.shared_session import SharedStates
from xds.refusals.refusal_history import Past
from xds.reports.measured import Measured
from xds.runtime.heap import Heap
from xds.server.connections import Connections
from xds.server.hub import Hub
from xds.server.limits.admission import Admission, LimitReached
from xds.server.limits.arrivals import Arrivals
from xds.server.limits.resets import Resets
from xds.server.occupancy import Occupancy
from xds.server.peer import Peer
from xds.server.reporting.service import Reception
from xds.server.reporting.turns import Turns
from xds.server.request_reader import MAX_REASON, Context, Ending, read_requests, status_code
from xds.server.services import SERVICES, Method
from xds.server.settings import AdsSettings as AdsSettings
from xds.server.shared_port import require_free, unshared
from xds.server.stream import Stream
from xds.server.transport import connection_limit, listen, transport_options
from xds.snapshots.cache import SnapshotCache

if TYPE_CHECKING:
    from xds.server.credentials import Credentials

_log = logging.getLogger(__name__)

DEFAULT_ADDRESS: Final = "127.0.0.1:18000"
_LAST_WRITE_S: Final = 1.0
"""Time that an ending stream gets to receive the response that is being written."""

_OF_CONNECTIONS: Final = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
"""gRPC status codes for certificate errors, which apply to the client's whole connection."""

# grpc has no types; `Any` must not leave this module.
_Handler: TypeAlias = Callable[[AsyncIterator[bytes], Context], Awaitable[None]]


async def serve_ads(
    address: str,
    cache: SnapshotCache,
    latest: Latest[Publication],
    recorder: Recorder,
    *,
    settings: AdsSettings | None = None,
    past: Past | None = None,
    traffic: Callable[[Measured], None] = lambda measured: None,
    started: Callable[[int], None] = lambda port: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve every publication to all proxies until cancelled.

    Calls ``started`` with the port once the server listens, and ``ready`` once it answers. Streams
    that arrive before the first publication get an error with a request to retry, because an
    unknown mesh must not look empty. Runs the recorder, too, and ends it after the last stream, so
    that all events are in the log.

    :param past: queries on the log; without it, a restarted server does not know which snapshots
        proxies refused and accepted before.
    :param traffic: receives what clients report about their traffic.
    :raises Fatal: the address cannot be used.
    :raises UsageError: the address is invalid, or is not local and the settings do not allow that.
    """

    def listening(port: int) -> None:
        _log.info("serving xDS", extra={"address": address, "port": port})
        started(port)

    work = serve_streams(
        address,
        cache,
        latest,
        DeliveryTracker(recorder),
        settings=settings,
        past=past,
        traffic=traffic,
        started=listening,
        ready=ready,
    )
    await recording(recorder, work)


async def serve_streams(
    address: str,
    cache: SnapshotCache,
    latest: Latest[Publication],
    reports: Reports,
    *,
    settings: AdsSettings | None = None,
    past: Past | None = None,
    traffic: Callable[[Measured], None] = lambda measured: None,
    started: Callable[[int], None] = lambda port: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve like :func:`serve_ads`, but report the facts about streams to the given receiver."""
    settings = settings or AdsSettings()
    check_listening(address, settings)
    hub = Hub(cache, reports, past)
    credentials = _credentials(settings)
    connections = Connections()
    occupancy = Occupancy(connection_limit(settings), open_descriptors, connections.count, reports)
    arrivals, resets = Arrivals(settings), Resets(reports)
    server = grpc.aio.server(options=transport_options(settings, occupancy.limit))
    discovery = _Discovery(hub, cache, settings, connections, occupancy, arrivals, resets)
    turns = Turns(lambda: hub.publisher.offering)
    reception = Reception(settings, hub, arrivals, turns, traffic)
    reporting = reception.handlers(lambda context: _authenticated(context, settings))
    server.add_generic_rpc_handlers((*_handlers(discovery), *reporting, _Unknown(arrivals)))
    port = await listen(server, address, credentials)
    looking = [asyncio.create_task(occupancy.watch()), asyncio.create_task(resets.watch())]
    if credentials is not None:
        looking.append(asyncio.create_task(credentials.watch()))
    try:
        started(port)
        await _follow(latest, hub, ready)
    finally:
        arrivals.release()
        await server.stop(settings.grace_s)
        for task in looking:
            task.cancel()


def _credentials(settings: AdsSettings) -> "Credentials | None":
    if settings.tls is None:
        return None
    # Imported late: servers without TLS do not need the certificate library.
    from xds.server.credentials import Credentials

    return Credentials(settings.tls)


async def _follow(latest: Latest[Publication], hub: Hub, ready: Callable[[], None]) -> None:
    publication, seen = await latest.after(0)
    await hub.publisher.publish(publication)
    ready()
    while True:
        publication, seen = await latest.after(seen)
        try:
            await hub.publisher.publish(publication)
        except Exception:
            # A bug of ours must not leave all proxies without a server.
            what = publication.state.commit
            _log.exception("cannot serve commit %s; the previous commit stays served", what)


class _Discovery:
    """The discovery services: each call of a method is one stream of one proxy."""

    def __init__(
        self,
        hub: Hub,
        cache: SnapshotCache,
        settings: AdsSettings,
        connections: Connections,
        occupancy: Occupancy,
        arrivals: Arrivals,
        resets: Resets,
    ) -> None:
        self._hub = hub
        self._cache = cache
        self._settings = settings
        self._admission = Admission(settings, time.monotonic())
        self._shared_states = SharedStates()
        self._heap = Heap()
        self._connections = connections
        self._occupancy = occupancy
        self._arrivals = arrivals
        self._resets = resets

    def answering(self, method: Method) -> _Handler:
        """Return the gRPC handler for calls of a method."""

        async def answer(_: AsyncIterator[bytes], context: Context) -> None:
            await self._serve(method, context)

        return answer

    async def _serve(self, method: Method, context: Context) -> None:
        if not self._hub.publisher.ready:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the mesh is not known yet")
        name = context.peer()
        try:
            await self._arrivals.turn(name)
            peer = _authenticated(context, self._settings)
            admitted = self._admission.open(peer, time.monotonic())
        except GitmeshError as error:
            if isinstance(error, LimitReached):
                self._occupancy.refuse(error.message)
            await context.abort(status_code(error), error.line[:MAX_REASON])
        except asyncio.CancelledError:
            self._resets.count(name)
            raise
        self._connections.opened(name)
        session = Session(
            self._cache.pool,
            ack_wait=self._settings.ack_wait_s,
            linger=self._settings.linger_s,
            aggregated=method.type_url is None,
            shared_states=self._shared_states,
        )
        stream = Stream(session, name, context.write, self._hub, method, admitted)
        ending, last_write_s = Ending("cancelled"), 0.0
        try:
            ending = await read_requests(stream, admitted, context)
            last_write_s = _LAST_WRITE_S
        finally:
            unheard = not stream.named and ending.code is grpc.StatusCode.OK
            if unheard:
                self._resets.count(name)
            admitted.close(unheard=unheard)
            stream.close()
            self._hub.disconnected(stream, ending.reason)
            self._connections.closed(name, for_good=ending.code in _OF_CONNECTIONS)
            self._heap.ended()
            # gRPC cannot end a call cleanly during a write.
            await stream.end_writing(last_write_s)


class _Unknown(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Refuses methods of unknown services, at the limited rate of new streams per connection.

    gRPC itself would refuse them at once, so one client that calls only such methods could keep it
    busy.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def service(self, _: Any) -> Any:
        """Return a gRPC handler for any method."""
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    async def _refuse(self, _: AsyncIterator[bytes], context: Context) -> None:
        with contextlib.suppress(LimitReached):
            await self._arrivals.turn(context.peer())
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


def _authenticated(context: Context, settings: AdsSettings) -> Peer | None:
    """Return the names in the client's certificate; ``None`` without TLS."""
    if settings.tls is None:
        return None
    from xds.server.credentials import read_peer

    # The TLS handshake fails without a client certificate.
    return read_peer(context.auth_context()["x509_pem_cert"][0])


def _handlers(discovery: _Discovery) -> tuple[Any, ...]:
    """Return the handlers of all methods, without serialisers, so that messages are plain bytes."""
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


def check_listening(address: str, settings: AdsSettings) -> None:
    """Check that the address is local and free, that plain text does not leave this machine by
    accident, and that the TLS files are usable.

    :raises UsageError: the address is invalid, or is not local and the settings do not allow that;
        or a
        file is invalid.
    """
    _credentials(settings)
    where = where_to_listen(address)
    if where is None and settings.share_port:
        raise unshared(address)
    _require_own_or_secret(address, where, settings)
    require_free(address, shared=settings.share_port)


def _require_own_or_secret(
    address: str, where: tuple[str, int] | None, settings: AdsSettings
) -> None:
    if where is None or settings.tls or settings.plain_text_anywhere or where[0] == "localhost":
        return
    try:
        own = ipaddress.ip_address(where[0]).is_loopback
    except ValueError:
        own = False
    if not own:
        raise UsageError(
            f"{address}: configuration would leave this machine in plain text",
            hint="listen on 127.0.0.1, use TLS (--tls-cert), or allow it: --insecure-listen",
        )
