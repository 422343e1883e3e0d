"""The gRPC server below the streams: connection options and listening address."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from events.descriptors import (
    HINT,
    MOST_HTTP,
    RESERVE,
    raise_limit,
    room_for_connections,
    room_for_http,
)
from mesh.errors import Fatal
from xds.bootstrap.address import where_to_listen
from xds.server.settings import AdsSettings

if TYPE_CHECKING:
    from xds.server.credentials import Credentials


_log = logging.getLogger(__name__)


def connection_limit(settings: AdsSettings) -> int:
    """Return the maximum number of connections of this process; raise its descriptor limit.

    The limit is twice the number of streams, so that idle connections do not lock out others at
    once.
    """
    if settings.max_connections is not None:
        return settings.max_connections
    limit = raise_limit(2 * settings.max_streams + RESERVE + settings.http_servers * MOST_HTTP)
    room = room_for_connections(limit - settings.http_servers * room_for_http(limit))
    if room < settings.max_streams:
        _log.warning(
            "the descriptor limit allows fewer connections than streams",
            extra={"connections": room, "max_streams": settings.max_streams, "hint": HINT},
        )
    return room


def transport_options(settings: AdsSettings, connections: int) -> list[tuple[str, int]]:
    """Return the channel arguments of a server with these settings.

    :param connections: maximum number of connections; further ones are closed at once.
    """
    options = [
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        ("grpc.max_send_message_length", -1),
        # Of one connection. A stream that was reset counts until Python has taken it
        # (grpc.http.overload_protection), so that a client cannot make thousands of them wait.
        ("grpc.max_concurrent_streams", settings.streams_of_connection),
        ("grpc.http.overload_protection", 1),
        # Between these values, gRPC randomly cancels new streams. All proxies may come at once,
        # and those beyond max_streams must come through to get an error message.
        ("grpc.server.max_pending_requests", settings.max_streams + 1000),
        ("grpc.server.max_pending_requests_hard_limit", 3 * settings.max_streams // 2 + 1000),
        ("grpc.keepalive_time_ms", _ms(settings.keepalive_s)),
        ("grpc.keepalive_timeout_ms", _ms(settings.keepalive_timeout_s)),
        # With the timeout above alone, an unresponsive client is kept for another minute.
        ("grpc.http2.ping_timeout_ms", _ms(settings.keepalive_timeout_s)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _ms(settings.min_ping_interval_s)),
        ("grpc.http2.max_pings_without_data", 0),
        # gRPC sends a ping with each message to measure bandwidth and enlarge the receive window.
        # Requests are smaller than the smallest window. Without these pings, a push to all proxies
        # costs the server a quarter less CPU, and each proxy half.
        ("grpc.http2.bdp_probe", 0),
        # gRPC's default keeps an idle connection for two minutes.
        ("grpc.server_handshake_timeout_ms", _ms(settings.handshake_s)),
        ("grpc.max_connection_idle_ms", _ms(settings.idle_connection_s)),
        ("grpc.max_allowed_incoming_connections", connections),
        # A second server on this port is a mistake that must be reported.
        ("grpc.so_reuseport", int(settings.share_port)),
    ]
    if settings.max_connection_age_s is not None:
        options += [
            ("grpc.max_connection_age_ms", _ms(settings.max_connection_age_s)),
            ("grpc.max_connection_age_grace_ms", _ms(settings.connection_grace_s)),
        ]
    return options


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


async def listen(server: Any, address: str, credentials: "Credentials | None" = None) -> int:
    """Start a server on an address; return its port.

    :raises Fatal: the address cannot be used.
    """
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials.for_grpc())
    except RuntimeError as error:
        raise Fatal(
            f"cannot listen on {address}: {error}", hint="is another server running there?"
        ) from None
    where = where_to_listen(address)
    # If gRPC cannot use the port, it silently takes another one.
    if where is not None and where[1] not in (0, port):
        raise Fatal(f"cannot listen on {address}: the system gave port {port} instead")
    await _started(server)
    return int(port)


async def _started(server: Any) -> None:
    """Start a server whole, even if the caller is cancelled: gRPC fails if it is half started."""
    starting = asyncio.ensure_future(server.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        await server.stop(None)
        raise
