"""What a listener can say beyond its port: pools, timeouts, health, outliers."""

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
    """A limit for multiplexed protocols (http2, grpc): concurrent requests."""

    max_requests: AtLeastOne


class HttpPool(Spec):
    """A limit for HTTP/1.1: connections, and requests waiting for one."""

    max_connections: AtLeastOne
    max_pending_requests: AtLeastOne | None = None


class TcpPool(Spec):
    """A limit for TCP: connections."""

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
    """Timeouts of HTTP and gRPC; an absent one has App Mesh's default, zero turns it off."""

    idle: Duration | None = None
    per_request: Duration | None = None


class TcpTimeout(Spec):
    """Timeout of a TCP connection; zero turns it off."""

    idle: Duration | None = None


class ListenerTimeout(OneOf):
    """Timeouts of a virtual node's listener, under the name of its protocol."""

    grpc: HttpTimeout | None = None
    http: HttpTimeout | None = None
    http2: HttpTimeout | None = None
    tcp: TcpTimeout | None = None


class HealthCheck(Spec):
    """Active health checking, done by the clients of a virtual node."""

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
    """Passive health checking, done by the clients of a virtual node."""

    base_ejection_duration: Duration
    interval: Duration
    max_ejection_percent: Percent
    max_server_errors: AtLeastOne
