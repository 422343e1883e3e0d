"""Matchers: the conditions of App Mesh routes as Envoy route matches.

Regular expressions match the whole value, as in App Mesh's Envoys.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from envoy_data_plane.envoy.config.route import v3 as envoy_route
from envoy_data_plane.envoy.type.matcher import v3 as envoy_matcher
from envoy_data_plane.envoy.type.v3 import Int64Range

from mesh.spec import RouteSpec
from mesh.spec.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HeaderMatch,
    HeaderMatchMethod,
    HostnameMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    PathMatch,
    QueryParameter,
)
from xds.translate.bounds import signed


@dataclass(frozen=True, slots=True)
class Path:
    """Condition on a request's path: exactly one field is set."""

    prefix: str | None = None
    exact: str | None = None
    regex: str | None = None


ANY_PATH = Path(prefix="/")


def route_match(spec: RouteSpec, *also: envoy_route.HeaderMatcher) -> envoy_route.RouteMatch:
    """Return the match of a route combined with further header matchers. A TCP match accepts every
    connection."""
    if spec.grpc_route is not None:
        return _grpc_match(spec.grpc_route.match, also)
    http = spec.http2_route or spec.http_route
    if http is None:
        return match_path(ANY_PATH, also)
    return match_path(
        http_path(http.match.prefix, http.match.path),
        [*also, *_pseudo_headers(http.match), *map(_header, http.match.headers or ())],
        http.match.query_parameters or (),
    )


def call_match(spec: RouteSpec) -> envoy_route.RouteMatch:
    """Return the match of a route for gRPC libraries, without conditions that hold for every call.

    These libraries ignore method and scheme. Header names are in lower case: Envoy compares them
    without regard to case, gRPC libraries exactly.
    """
    http = spec.http2_route or spec.http_route
    match = (
        route_match(spec)
        if http is None
        else match_path(
            http_path(http.match.prefix, http.match.path), map(_header, http.match.headers or ())
        )
    )
    for header in match.headers:
        header.name = header.name.lower()
    return match


def gateway_match(
    match: HttpGatewayRouteMatch | GrpcGatewayRouteMatch, path: Path
) -> envoy_route.RouteMatch:
    """Return the match of a gateway route for one of its paths."""
    host = _hostname(match.hostname)
    match match:
        case HttpGatewayRouteMatch():
            method = [] if match.method is None else [exact_header(":method", match.method)]
            headers = [*host, *method, *map(_header, match.headers or ())]
            return match_path(path, headers, match.query_parameters or ())
        case GrpcGatewayRouteMatch():
            return match_path(path, [*host, *map(_header, match.metadata or ())], grpc=True)
        case _:
            assert_never(match)


def match_path(
    path: Path,
    headers: Iterable[envoy_route.HeaderMatcher] = (),
    query: Iterable[QueryParameter] = (),
    *,
    grpc: bool = False,
) -> envoy_route.RouteMatch:
    """Return a match of a path and of all these headers and query parameters."""
    return envoy_route.RouteMatch(
        prefix=path.prefix,
        path=path.exact,
        safe_regex=None if path.regex is None else _regex(path.regex),
        headers=list(headers),
        query_parameters=[_query(parameter) for parameter in query],
        grpc=envoy_route.RouteMatchGrpcRouteMatchOptions() if grpc else None,
    )


def http_path(prefix: str | None, path: PathMatch | None) -> Path:
    """Return the path condition of an HTTP match; without one, every path matches."""
    if path is None:
        return Path(prefix=prefix or "/")
    return Path(exact=path.exact, regex=None if path.exact is not None else path.regex)


def grpc_path(service: str | None, method: str | None = None) -> Path:
    """Return the path of a gRPC service, or of one of its methods."""
    if service is None:
        return ANY_PATH
    return Path(prefix=f"/{service}/") if method is None else Path(exact=f"/{service}/{method}")


def exact_header(name: str, value: str) -> envoy_route.HeaderMatcher:
    """Return a matcher for a header with exactly this value."""
    return envoy_route.HeaderMatcher(
        name=name, string_match=envoy_matcher.StringMatcher(exact=value)
    )


def _grpc_match(
    match: GrpcRouteMatch, also: Iterable[envoy_route.HeaderMatcher]
) -> envoy_route.RouteMatch:
    path = grpc_path(match.service_name, match.method_name)
    return match_path(path, [*also, *map(_header, match.metadata or ())], grpc=True)


def _pseudo_headers(match: HttpRouteMatch) -> Iterable[envoy_route.HeaderMatcher]:
    if match.method is not None:
        yield exact_header(":method", match.method)
    if match.scheme is not None:
        yield exact_header(":scheme", match.scheme)


def _header(header: HeaderMatch) -> envoy_route.HeaderMatcher:
    method = header.match
    # Envoy stores the host under HTTP/2's header name, whatever the protocol.
    name = ":authority" if header.name.lower() == "host" else header.name
    return envoy_route.HeaderMatcher(
        name=name,
        present_match=True if method is None else None,
        range_match=(
            Int64Range(start=signed(method.range.start), end=signed(method.range.end))
            if method is not None and method.range is not None
            else None
        ),
        string_match=None if method is None or method.range is not None else _string(method),
        invert_match=bool(header.invert),
    )


def _string(method: HeaderMatchMethod) -> envoy_matcher.StringMatcher:
    return envoy_matcher.StringMatcher(
        exact=method.exact,
        prefix=method.prefix,
        suffix=method.suffix,
        safe_regex=None if method.regex is None else _regex(method.regex),
    )


def _query(parameter: QueryParameter) -> envoy_route.QueryParameterMatcher:
    exact = None if parameter.match is None else parameter.match.exact
    return envoy_route.QueryParameterMatcher(
        name=parameter.name,
        string_match=None if exact is None else envoy_matcher.StringMatcher(exact=exact),
        present_match=True if exact is None else None,
    )


def _hostname(host: HostnameMatch | None) -> Iterable[envoy_route.HeaderMatcher]:
    """Return a matcher for the host: with or without a port, and regardless of case, as Envoy's
    virtual hosts match."""
    if host is not None:
        name = host.exact if host.exact is not None else host.suffix or ""
        ahead = "" if host.exact is not None else ".*"
        regex = _regex(f"(?i){ahead}{re.escape(name)}(:[0-9]+)?")
        yield envoy_route.HeaderMatcher(
            name=":authority", string_match=envoy_matcher.StringMatcher(safe_regex=regex)
        )


def _regex(regex: str) -> envoy_matcher.RegexMatcher:
    return envoy_matcher.RegexMatcher(regex=regex)
