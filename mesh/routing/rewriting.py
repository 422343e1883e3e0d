"""Rewrites of path and host by a gateway route."""

from typing import Final

from mesh.routing.paths import without_query
from mesh.spec import GatewayRouteSpec
from mesh.spec.gateway_route import HttpGatewayRoute, HttpGatewayRouteRewrite

_DISABLED: Final = "DISABLED"


def rewritten_path(spec: GatewayRouteSpec, path: str) -> str:
    """Return the path after the rewrite; the query is not changed."""
    http = spec.http2_route or spec.http_route
    if spec.grpc_route is not None or http is None:
        return path
    before = without_query(path)
    return _rewritten(http, before) + path[len(before) :]


def rewritten_host(spec: GatewayRouteSpec, host: str, service: str) -> str:
    """Return the host after the rewrite: the virtual service's name, unless the rewrite is off."""
    route = spec.grpc_route or spec.http2_route or spec.http_route
    rewrite = None if route is None or route.action.rewrite is None else route.action.rewrite
    hostname = None if rewrite is None else rewrite.hostname
    kept = hostname is not None and hostname.default_target_hostname == _DISABLED
    return host if kept else service


def _rewritten(route: HttpGatewayRoute, path: str) -> str:
    rewrite = route.action.rewrite
    if route.match.path is not None:
        exact = None if rewrite is None or rewrite.path is None else rewrite.path.exact
        return path if exact is None else exact
    prefix, new = route.match.prefix or "/", _new_prefix(rewrite)
    if new is None:
        return path
    rest = path[len(prefix) :]
    # "/cart/x" becomes "/x" and not "//x".
    if new.endswith("/") and not prefix.endswith("/"):
        rest = rest.removeprefix("/")
    return new + rest


def _new_prefix(rewrite: HttpGatewayRouteRewrite | None) -> str | None:
    if rewrite is None or rewrite.prefix is None:
        return "/"
    if rewrite.prefix.value is not None:
        return rewrite.prefix.value
    return None if rewrite.prefix.default_prefix == _DISABLED else "/"
