"""Rule for unreachable routes: an earlier route takes all their requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from mesh.graph.finding import Finding, phrase, warning
from mesh.graph.matching import Match, conditions, route_match
from mesh.graph.protocols import route_field
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, RouteSpec
from mesh.spec.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    PathMatch,
)


@dataclass(frozen=True, slots=True)
class _Reach:
    """The requests that a route takes: the requests with its path that meet all of its
    conditions."""

    form: Literal["exact", "regex", "prefix"]
    path: str
    conditions: frozenset[object]


def check_shadows(routes: Iterable[Resource]) -> Iterator[Finding]:
    """Yield a finding for each unreachable route; ``routes`` are in matching order.

    Only certain cases are reported: the earlier route's path includes this route's path, and each
    of its conditions is also a condition of this route.
    """
    earlier: dict[tuple[str, str], list[tuple[_Reach, Resource]]] = {}
    for route in routes:
        spec = route.spec
        if not isinstance(spec, RouteSpec | GatewayRouteSpec):
            continue
        reach = _reach(route_match(spec))
        other = next(_covering(reach, earlier), None)
        if other is not None:
            yield warning(
                route,
                ("spec", route_field(spec), "match"),
                "shadowed-route",
                f"never reached: {phrase(other.key)} is tried first and takes all requests that "
                "would match",
                "give it a lower priority number than the other, narrow the match of the other, "
                "or remove it",
            )
        earlier.setdefault((reach.form, reach.path), []).append((reach, route))


def _covering(
    reach: _Reach, earlier: dict[tuple[str, str], list[tuple[_Reach, Resource]]]
) -> Iterator[Resource]:
    for place in _places(reach):
        for other, route in earlier.get(place, ()):
            if other.conditions <= reach.conditions:
                yield route


def _places(reach: _Reach) -> Iterator[tuple[str, str]]:
    """Yield every path that certainly includes this one: the path itself, and shorter prefixes."""
    yield reach.form, reach.path
    if reach.form == "regex":
        yield from (("prefix", "/"), ("prefix", ""))
    else:
        yield from (("prefix", reach.path[:end]) for end in range(len(reach.path), -1, -1))


def _reach(match: Match | None) -> _Reach:
    # All routes here take requests of one port, so the port is no condition.
    asked = frozenset(each for each in conditions(match) if each[0] != "port")
    match match:
        case HttpRouteMatch() | HttpGatewayRouteMatch():
            return _http(match.path, match.prefix, asked)
        case GrpcRouteMatch():
            return _grpc(match.service_name, match.method_name, asked)
        case GrpcGatewayRouteMatch():
            return _grpc(match.service_name, None, asked)
        case _:
            return _Reach("prefix", "", frozenset())


def _http(path: PathMatch | None, prefix: str | None, asked: frozenset[object]) -> _Reach:
    if path is not None and path.exact is not None:
        return _Reach("exact", path.exact, asked)
    if path is not None and path.regex is not None:
        return _Reach("regex", path.regex, asked)
    return _Reach("prefix", prefix or "/", asked)


def _grpc(service: str | None, method: str | None, asked: frozenset[object]) -> _Reach:
    asked |= {("grpc", True)}
    if service is not None and method is not None:
        return _Reach("exact", f"/{service}/{method}", asked)
    return _Reach("prefix", f"/{service}/" if service is not None else "/", asked)
