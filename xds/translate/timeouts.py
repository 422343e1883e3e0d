"""Timeouts: App Mesh's defaults, and its settings in Envoy's terms.

An absent timeout has a default: 15 seconds for a request, 300 for an idle TCP connection. Zero
turns a timeout off (App Mesh user guide, "Timeouts"). An absent idle timeout of HTTP needs no
field: the guide's 300 seconds are Envoy's default ``stream_idle_timeout``.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from mesh.spec import RouteSpec
from mesh.spec.listener import HttpTimeout, ListenerTimeout, TcpTimeout
from xds.translate.bounds import length

PER_REQUEST: Final = timedelta(seconds=15)
IDLE: Final = timedelta(seconds=300)
OFF: Final = timedelta()


def per_request(timeout: HttpTimeout | None) -> timedelta:
    """Return the maximum time from the end of a request to the end of its response."""
    if timeout is None or timeout.per_request is None:
        return PER_REQUEST
    return length(timeout.per_request)


def idle(timeout: HttpTimeout | None) -> timedelta | None:
    """Return the maximum idle time of a request; None means Envoy's default of 300 seconds."""
    return None if timeout is None or timeout.idle is None else length(timeout.idle)


def tcp_idle(timeout: TcpTimeout | None) -> timedelta:
    """Return the maximum idle time of a connection. Envoy's own default is one hour."""
    return IDLE if timeout is None or timeout.idle is None else length(timeout.idle)


def of_listener(timeout: ListenerTimeout | None) -> HttpTimeout | None:
    """Return the timeouts of an HTTP or gRPC listener."""
    return None if timeout is None else timeout.http or timeout.http2 or timeout.grpc


def of_route(route: RouteSpec) -> HttpTimeout | None:
    """Return the timeouts of an HTTP or gRPC route."""
    for each in (route.http_route, route.http2_route, route.grpc_route):
        if each is not None:
            return each.timeout
    return None


def of_tcp_listener(timeout: ListenerTimeout | None) -> TcpTimeout | None:
    """Return the timeout of a TCP listener."""
    return None if timeout is None else timeout.tcp


def of_tcp_route(route: RouteSpec) -> TcpTimeout | None:
    """Return the timeout of a TCP route."""
    return None if route.tcp_route is None else route.tcp_route.timeout


def longest_request(timeouts: Sequence[HttpTimeout | None]) -> timedelta | None:
    """Return the longest request timeout, or None if one of them is unlimited."""
    return _longest([per_request(timeout) for timeout in timeouts])


def longest_idle(timeouts: Sequence[HttpTimeout | None]) -> timedelta | None:
    """Return the longest idle timeout, or None if none is set."""
    if all(idle(timeout) is None for timeout in timeouts):
        return None
    return _longest([IDLE if (own := idle(each)) is None else own for each in timeouts])


def _longest(lengths: Iterable[timedelta]) -> timedelta | None:
    lengths = sorted(lengths)
    return OFF if OFF in lengths else lengths[-1] if lengths else None
