"""Path rewrites of gateway routes."""

from collections.abc import Iterable
from dataclasses import dataclass

from envoy_data_plane.envoy.type.matcher import v3 as envoy_matcher

from mesh.spec import GatewayRouteSpec
from mesh.spec.gateway_route import HttpGatewayRoute, HttpGatewayRouteRewrite
from xds.translate.routes.matchers import Path, grpc_path, http_path


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A path condition of a gateway route with its rewrite; if neither field is set, the path stays
    unchanged."""

    path: Path
    prefix: str | None = None
    """Replacement of the matched part of the path."""
    whole: envoy_matcher.RegexMatchAndSubstitute | None = None
    """Replacement of the whole path, if the matched part has no fixed text."""


def rewritten_paths(spec: GatewayRouteSpec) -> tuple[Rewritten, ...]:
    """Return the path conditions of a gateway route in matching order, with their rewrites."""
    if spec.grpc_route is not None:
        return (Rewritten(grpc_path(spec.grpc_route.match.service_name)),)
    route = spec.http2_route or spec.http_route
    return () if route is None else tuple(_http(route))


def _http(route: HttpGatewayRoute) -> Iterable[Rewritten]:
    rewrite = route.action.rewrite
    path = http_path(route.match.prefix, route.match.path)
    if path.prefix is not None:
        return _prefixes(path.prefix, _new_prefix(rewrite))
    exact = rewrite.path.exact if rewrite is not None and rewrite.path is not None else None
    if exact is None:
        return [Rewritten(path)]
    return [Rewritten(path, exact) if path.exact is not None else _whole(path, exact)]


def _new_prefix(rewrite: HttpGatewayRouteRewrite | None) -> str | None:
    """Return the replacement of the prefix: App Mesh removes it by default."""
    if rewrite is None or rewrite.prefix is None:
        return "/"
    if rewrite.prefix.value is not None:
        return rewrite.prefix.value
    return None if rewrite.prefix.default_prefix == "DISABLED" else "/"


def _prefixes(prefix: str, new: str | None) -> Iterable[Rewritten]:
    if new is None or new == prefix:
        return [Rewritten(Path(prefix=prefix))]
    plain = Rewritten(Path(prefix=prefix), new)
    if prefix.endswith("/") or not new.endswith("/"):
        return [plain]
    # "/cart/x" must become "/x", not "//x": the prefix with its slash comes first. App Mesh
    # generated the same two routes.
    return [Rewritten(Path(prefix=f"{prefix}/"), new), plain]


def _whole(path: Path, new: str) -> Rewritten:
    return Rewritten(
        path,
        whole=envoy_matcher.RegexMatchAndSubstitute(
            pattern=envoy_matcher.RegexMatcher(regex="^.*$"),
            substitution=new.replace("\\", "\\\\"),
        ),
    )
