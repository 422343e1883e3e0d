"""The match of a route in a few words, for a picture."""

from collections.abc import Iterator

from mesh.graph.matching import Match, conditions
from mesh.spec.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HeaderMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    QueryParameter,
)

_FIRST = frozenset({"method", "hostname", "scheme"})


def match_text(match: Match | None) -> str:
    """Return a match in short: ``GET /cart + header x-tester``; ``any`` if it has no condition."""
    match match:
        case HttpRouteMatch() | HttpGatewayRouteMatch():
            return " + ".join((_http(match), *_further(match)))
        case GrpcRouteMatch() | GrpcGatewayRouteMatch():
            return " + ".join((_grpc(match), *_further(match)))
        case _:
            return " + ".join(_further(match)) or "any"


def _http(match: HttpRouteMatch | HttpGatewayRouteMatch) -> str:
    path = match.prefix or "/"
    if match.path is not None:
        path = f"= {match.path.exact}" if match.path.exact else f"~ {match.path.regex}"
    scheme = match.scheme if isinstance(match, HttpRouteMatch) else None
    words = (match.method, scheme, _host(match), path)
    return " ".join(word for word in words if word)


def _grpc(match: GrpcRouteMatch | GrpcGatewayRouteMatch) -> str:
    method = match.method_name if isinstance(match, GrpcRouteMatch) else None
    called = "/".join(part for part in (match.service_name, method) if part)
    return " ".join(word for word in (_host(match), called or "any call") if word)


def _host(match: Match) -> str:
    host = getattr(match, "hostname", None)
    if host is None:
        return ""
    return host.exact or f"*{host.suffix}"


def _further(match: Match | None) -> Iterator[str]:
    """Yield the conditions that are left, in the order of the fields."""
    for field, wanted in conditions(match):
        if field in _FIRST:
            continue
        match wanted:
            case HeaderMatch():
                yield f"{'no ' if wanted.invert else ''}header {wanted.name}"
            case QueryParameter():
                yield f"query {wanted.name}"
            case _:
                yield f"{field} {wanted}"
