"""Routes: they distribute requests at a virtual router over virtual nodes, by weight."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import Duration, Name, NotNegative, OneOf, Port, Spec
from mesh.spec.listener import HttpTimeout, Percent, TcpTimeout
from mesh.spec.match import GrpcRouteMatch, HttpRouteMatch, TcpRouteMatch

Priority = Annotated[int, Strict(), Field(ge=0, le=1000)]
"""Priority of a route: 0 is tried first. Routes without a priority are tried last."""

HttpRetryEvents = Annotated[
    tuple[Annotated[str, Strict(), Field(min_length=1, max_length=25)], ...],
    Field(min_length=1, max_length=25),
]
TcpRetryEvents = Annotated[
    tuple[Literal["connection-error"], ...], Field(min_length=1, max_length=1)
]
GrpcRetryEvents = Annotated[
    tuple[
        Literal["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
        ...,
    ],
    Field(min_length=1, max_length=5),
]


class WeightedTarget(Spec):
    """A virtual node and its weight, relative to the sum of all weights."""

    port: Port | None = None
    virtual_node: Name
    weight: Percent


class RouteAction(Spec):
    """Targets of a route."""

    weighted_targets: Annotated[tuple[WeightedTarget, ...], Field(min_length=1, max_length=10)]


class HttpRetryPolicy(Spec):
    """Retry policy of an HTTP route."""

    http_retry_events: HttpRetryEvents | None = None
    max_retries: NotNegative
    per_retry_timeout: Duration
    tcp_retry_events: TcpRetryEvents | None = None


class HttpRoute(Spec):
    """A route for HTTP/1.1 or HTTP/2."""

    action: RouteAction
    match: HttpRouteMatch
    retry_policy: HttpRetryPolicy | None = None
    timeout: HttpTimeout | None = None


class GrpcRetryPolicy(Spec):
    """Retry policy of a gRPC route."""

    grpc_retry_events: GrpcRetryEvents | None = None
    http_retry_events: HttpRetryEvents | None = None
    max_retries: NotNegative
    per_retry_timeout: Duration
    tcp_retry_events: TcpRetryEvents | None = None


class GrpcRoute(Spec):
    """A route for gRPC."""

    action: RouteAction
    match: GrpcRouteMatch
    retry_policy: GrpcRetryPolicy | None = None
    timeout: HttpTimeout | None = None


class TcpRoute(Spec):
    """A route for TCP connections."""

    action: RouteAction
    match: TcpRouteMatch | None = None
    timeout: TcpTimeout | None = None


class RouteSpec(OneOf):
    """Specification of a route: its priority, and a route for one protocol."""

    choices = ("grpc_route", "http2_route", "http_route", "tcp_route")

    grpc_route: GrpcRoute | None = None
    http2_route: HttpRoute | None = None
    http_route: HttpRoute | None = None
    priority: Priority | None = None
    tcp_route: TcpRoute | None = None
