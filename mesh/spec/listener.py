"""Listener settings besides the port: pools, timeouts, health checks, outlier detection."""

from typing import Annotated

from pydantic import Field, Strict

from mesh.spec.common import (
    AtLeastOne,
    Duration,
    GatewayProtocol,
    OneOf,
    Port,
    Protocol,
    Spec,
    Text,
)

Threshold = Annotated[int, Strict(), Field(ge=2, le=10)]
IntervalMillis = Annotated[int, Strict(), Field(ge=5000, le=300000)]
TimeoutMillis = Annotated[int, Strict(), Field(ge=2000, le=60000)]
Percent = Annotated[int, Strict(), Field(ge=0, le=100)]


class RequestPool(Spec):
    """Connection pool for multiplexed protocols (http2, grpc): maximum concurrent requests."""

    max_requests: AtLeastOne


class HttpPool(Spec):
    """Connection pool for HTTP/1.1: maximum connections, and requests that wait for one."""

    max_connections: AtLeastOne
    max_pending_requests: AtLeastOne | None = None


class TcpPool(Spec):
    """Connection pool for TCP: maximum connections."""

    max_connections: AtLeastOne


class GatewayConnectionPool(OneOf):
    """Connection pool of a virtual gateway's listener."""

    grpc: RequestPool | None = None
    http: HttpPool | None = None
    http2: RequestPool | None = None


class NodeConnectionPool(OneOf):
    """Connection pool of a virtual node's listener."""

    grpc: RequestPool | None = None
    http: HttpPool | None = None
    http2: RequestPool | None = None
    tcp: TcpPool | None = None


class HttpTimeout(Spec):
    """Timeouts of HTTP and gRPC. If one is absent, App Mesh's default applies; zero disables it."""

    idle: Duration | None = None
    per_request: Duration | None = None


class TcpTimeout(Spec):
    """Timeout of a TCP connection; zero disables it."""

    idle: Duration | None = None


class ListenerTimeout(OneOf):
    """Timeouts of a virtual node's listener, by protocol."""

    grpc: HttpTimeout | None = None
    http: HttpTimeout | None = None
    http2: HttpTimeout | None = None
    tcp: TcpTimeout | None = None


class HealthCheck(Spec):
    """Active health checking of a virtual node by its clients."""

    healthy_threshold: Threshold
    interval_millis: IntervalMillis
    path: Text | None = None
    port: Port | None = None
    protocol: Protocol
    timeout_millis: TimeoutMillis
    unhealthy_threshold: Threshold


class GatewayHealthCheck(Spec):
    """Active health checking of a virtual gateway's listener."""

    healthy_threshold: Threshold
    interval_millis: IntervalMillis
    path: Text | None = None
    port: Port | None = None
    protocol: GatewayProtocol
    timeout_millis: TimeoutMillis
    unhealthy_threshold: Threshold


class OutlierDetection(Spec):
    """Passive health checking of a virtual node by its clients."""

    base_ejection_duration: Duration
    interval: Duration
    max_ejection_percent: Percent
    max_server_errors: AtLeastOne
