"""Rules of a gateway route."""

from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.gateway_route import (
    GatewayRouteSpec,
    GrpcGatewayRoute,
    HttpGatewayRoute,
    HttpGatewayRouteRewrite,
    PrefixRewrite,
)
from mesh.spec.match import HostnameMatch, HttpGatewayRouteMatch
from mesh.validation.document.matching import (
    at_least_one,
    at_most_one,
    exactly_one,
    grpc_name,
    headers,
    http_match,
    implied,
)
from mesh.validation.document.place import Place
from mesh.validation.document.text import host, host_suffix, path

# App Mesh User Guide, "Gateway routes": reserved for App Mesh.
_RESERVED_PATHS: Final = ("/aws-appmesh", "/aws-app-mesh")
_RESERVED_SERVICES: Final = ("aws.appmesh", "aws.app-mesh")


def gateway_route(spec: GatewayRouteSpec, at: Place) -> Iterator[Problem]:
    """Return the problems of a gateway route."""
    if spec.http_route is not None:
        yield from _http(spec.http_route, at / "httpRoute")
    if spec.http2_route is not None:
        yield from _http(spec.http2_route, at / "http2Route")
    if spec.grpc_route is not None:
        yield from _grpc(spec.grpc_route, at / "grpcRoute")


def _http(http: HttpGatewayRoute, at: Place) -> Iterator[Problem]:
    yield from _http_match(http.match, at / "match")
    if http.action.rewrite is not None:
        yield from _rewrite(http.action.rewrite, http.match, at / "action" / "rewrite")


def _http_match(match: HttpGatewayRouteMatch, at: Place) -> Iterator[Problem]:
    yield from http_match(match, at, instead=match.hostname)
    if match.prefix is not None:
        yield from _reserved(match.prefix, _RESERVED_PATHS, at / "prefix")
    if match.path is not None and match.path.exact is not None:
        yield from _reserved(match.path.exact, _RESERVED_PATHS, at / "path" / "exact")
    yield from _hostname(match.hostname, at / "hostname")


def _grpc(grpc: GrpcGatewayRoute, at: Place) -> Iterator[Problem]:
    match, here = grpc.match, at / "match"
    if match.service_name is None and match.hostname is None:
        yield from implied(match, here, "serviceName or hostname")
    yield from grpc_name(match.service_name, here / "serviceName")
    if match.service_name is not None:
        yield from _reserved(match.service_name, _RESERVED_SERVICES, here / "serviceName")
    yield from _hostname(match.hostname, here / "hostname")
    yield from headers(match.metadata, here / "metadata")


def _hostname(match: HostnameMatch | None, at: Place) -> Iterator[Problem]:
    if match is None:
        return
    yield from exactly_one(at, exact=match.exact, suffix=match.suffix)
    if match.exact is not None:
        yield from host(match.exact, at / "exact")
    if match.suffix is not None:
        yield from host_suffix(match.suffix, at / "suffix")


def _reserved(text: str, reserved: tuple[str, ...], at: Place) -> Iterator[Problem]:
    if text.startswith(reserved):
        message = (
            f'"{text}" is reserved: App Mesh reserves names that begin with {" or ".join(reserved)}'
        )
        yield at.error("reserved-name", message)


def _rewrite(
    rewrite: HttpGatewayRouteRewrite, match: HttpGatewayRouteMatch, at: Place
) -> Iterator[Problem]:
    yield from at_least_one(at, hostname=rewrite.hostname, prefix=rewrite.prefix, path=rewrite.path)
    yield from at_most_one(at, prefix=rewrite.prefix, path=rewrite.path)
    if rewrite.prefix is not None:
        yield from _prefix_rewrite(rewrite.prefix, match, at / "prefix")
    if rewrite.path is None:
        return
    if match.path is None:
        message = "only a route that matches a path can rewrite the path"
        yield (at / "path").error("rewrite-mismatch", message, "match a path, or rewrite prefix")
    if rewrite.path.exact is None:
        yield (at / "path").error("missing-field", "exact is missing: it is the new path")
    else:
        yield from path(rewrite.path.exact, at / "path" / "exact")


def _prefix_rewrite(
    rewrite: PrefixRewrite, match: HttpGatewayRouteMatch, at: Place
) -> Iterator[Problem]:
    if match.path is not None:
        message = "a route that matches a whole path has no prefix to rewrite"
        yield at.error("rewrite-mismatch", message, "match a prefix, or rewrite path")
    yield from exactly_one(at, defaultPrefix=rewrite.default_prefix, value=rewrite.value)
    if rewrite.value is None:
        return
    yield from path(rewrite.value, at / "value")
    if rewrite.value.startswith("/") and not rewrite.value.endswith("/"):
        message = f'the new prefix "{rewrite.value}" does not end with "/"'
        yield (at / "value").error("bad-path", message, f'write "{rewrite.value}/"')
