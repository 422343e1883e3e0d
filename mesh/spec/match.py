"""Matches of routes and of gateway routes."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import OneOf, Port, Spec, Text, Whole

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
Hostname = Annotated[str, Strict(), Field(min_length=1, max_length=253)]
HeaderValue = Annotated[str, Strict(), Field(min_length=1, max_length=255)]


class MatchRange(Spec):
    """Half-open range of whole numbers: it includes ``start`` and excludes ``end``."""

    end: Whole
    start: Whole


class HeaderMatchMethod(OneOf):
    """Match of the value of a header or of a gRPC metadata entry."""

    exact: HeaderValue | None = None
    prefix: HeaderValue | None = None
    range: MatchRange | None = None
    regex: HeaderValue | None = None
    suffix: HeaderValue | None = None


class HeaderMatch(Spec):
    """Match of a header or gRPC metadata entry; without ``match`` it must only be present."""

    invert: Annotated[bool, Strict()] | None = None
    match: HeaderMatchMethod | None = None
    name: Annotated[str, Strict(), Field(min_length=1, max_length=50)]


HeaderMatches = Annotated[tuple[HeaderMatch, ...], Field(min_length=1, max_length=10)]


class PathMatch(Spec):
    """Match of the whole path, without the query."""

    exact: Annotated[str, Strict(), Field(min_length=1, max_length=255)] | None = None
    regex: Annotated[str, Strict(), Field(min_length=1, max_length=255)] | None = None


class QueryParameterMatch(Spec):
    """Match of the value of a query parameter."""

    exact: Text | None = None


class QueryParameter(Spec):
    """Match of a query parameter; without ``match`` it must only be present."""

    match: QueryParameterMatch | None = None
    name: Text


QueryParameters = Annotated[tuple[QueryParameter, ...], Field(min_length=1, max_length=10)]


class HostnameMatch(Spec):
    """Match of the request's host."""

    exact: Hostname | None = None
    suffix: Hostname | None = None


class HttpRouteMatch(Spec):
    """Match of an HTTP route; all given conditions must hold."""

    headers: HeaderMatches | None = None
    method: HttpMethod | None = None
    path: PathMatch | None = None
    port: Port | None = None
    prefix: Text | None = None
    query_parameters: QueryParameters | None = None
    scheme: Literal["http", "https"] | None = None


class HttpGatewayRouteMatch(Spec):
    """Match of an HTTP gateway route; all given conditions must hold."""

    headers: HeaderMatches | None = None
    hostname: HostnameMatch | None = None
    method: HttpMethod | None = None
    path: PathMatch | None = None
    port: Port | None = None
    prefix: Text | None = None
    query_parameters: QueryParameters | None = None


class GrpcRouteMatch(Spec):
    """Match of a gRPC route; all given conditions must hold."""

    metadata: HeaderMatches | None = None
    method_name: Annotated[str, Strict(), Field(min_length=1, max_length=50)] | None = None
    port: Port | None = None
    service_name: Text | None = None


class GrpcGatewayRouteMatch(Spec):
    """Match of a gRPC gateway route; all given conditions must hold."""

    hostname: HostnameMatch | None = None
    metadata: HeaderMatches | None = None
    port: Port | None = None
    service_name: Text | None = None


class TcpRouteMatch(Spec):
    """Match of a TCP route."""

    port: Port | None = None
