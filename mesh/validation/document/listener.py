"""Rules of listeners: virtual nodes, gateways and routers."""

from collections.abc import Iterable, Iterator

from mesh.problems.problem import Problem
from mesh.spec.common import GatewayPortMapping, PortMapping
from mesh.spec.listener import (
    GatewayConnectionPool,
    GatewayHealthCheck,
    HealthCheck,
    HttpPool,
    ListenerTimeout,
    NodeConnectionPool,
    OutlierDetection,
    RequestPool,
    TcpPool,
)
from mesh.validation.document.amounts import count, duration, timeout
from mesh.validation.document.place import Place
from mesh.validation.document.text import path

Mapping = PortMapping | GatewayPortMapping


def ports(mappings: Iterable[Mapping], at: Place) -> Iterator[Problem]:
    """Require that no two listeners of a resource share a port."""
    first: dict[int, int] = {}
    for index, mapping in enumerate(mappings):
        earlier = first.setdefault(mapping.port, index)
        if earlier != index:
            here = at / index / "portMapping" / "port"
            message = f"port {mapping.port} is taken by listener {earlier} already"
            yield here.error("duplicate-port", message)


def pool(
    value: NodeConnectionPool | GatewayConnectionPool | None, mapping: Mapping, at: Place
) -> Iterator[Problem]:
    """Require a connection pool of the listener's protocol, with limits that fit in 32 bits."""
    if value is None:
        return
    yield from _member(value, mapping, at, "connection pool")
    for name in type(value).model_fields:
        yield from _pool_limits(getattr(value, name), at / name)


def _pool_limits(limits: RequestPool | HttpPool | TcpPool | None, at: Place) -> Iterator[Problem]:
    match limits:
        case RequestPool():
            yield from count(limits.max_requests, at / "maxRequests")
        case HttpPool():
            yield from count(limits.max_connections, at / "maxConnections")
            yield from count(limits.max_pending_requests, at / "maxPendingRequests")
        case TcpPool():
            yield from count(limits.max_connections, at / "maxConnections")


def listener_timeout(
    value: ListenerTimeout | None, mapping: Mapping, at: Place
) -> Iterator[Problem]:
    """Require a timeout of the listener's protocol."""
    if value is None:
        return
    yield from _member(value, mapping, at, "timeout")
    for name in type(value).model_fields:
        yield from timeout(getattr(value, name), at / name)


def _member(
    union: NodeConnectionPool | GatewayConnectionPool | ListenerTimeout,
    mapping: Mapping,
    at: Place,
    noun: str,
) -> Iterator[Problem]:
    # Members have the names of protocols; the model ensures that exactly one is set.
    members = [name for name in type(union).model_fields if getattr(union, name) is not None]
    for name in members:
        if name != mapping.protocol:
            message = f"the {noun} is for {name}, but the listener's protocol is {mapping.protocol}"
            yield (at / name).error("wrong-protocol", message, f"write {mapping.protocol}:")


def health_check(
    check: HealthCheck | GatewayHealthCheck | None, mapping: Mapping, at: Place
) -> Iterator[Problem]:
    """Require a health check of the listener's port, with a path if the protocol has paths."""
    if check is None:
        return
    if check.port is not None and check.port != mapping.port:
        message = (
            f"the health check uses port {check.port}, but the listener has port {mapping.port}"
        )
        hint = "omit port, or write the listener's port"
        yield (at / "port").error("wrong-port", message, hint)
    if check.protocol in ("http", "http2"):
        if check.path is None:
            message = f"a health check over {check.protocol} needs a path"
            yield at.error("missing-field", message, "add a path, such as path: /ping")
        else:
            yield from path(check.path, at / "path")
    elif check.path is not None:
        message = f"path has no effect: a health check over {check.protocol} has no path"
        yield (at / "path").warning("no-effect", message, "remove it")


def outlier_detection(value: OutlierDetection | None, at: Place) -> Iterator[Problem]:
    """Require a positive interval and a positive ejection time."""
    if value is None:
        return
    yield from duration(value.interval, at / "interval", positive=True)
    here = at / "baseEjectionDuration"
    yield from duration(value.base_ejection_duration, here, positive=True)
    yield from count(value.max_server_errors, at / "maxServerErrors")
