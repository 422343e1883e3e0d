"""Rule for unreachable routes: an earlier route takes all their requests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mesh.graph.finding import Finding
from mesh.graph.matching import Match, route_match
from mesh.graph.protocols import route_field
from mesh.graph.wording import phrase, warning
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, RouteSpec
from mesh.spec.gateway_route import GrpcGatewayRouteMatch, HttpGatewayRouteMatch
from mesh.spec.match import PathMatch
from mesh.spec.route import GrpcRouteMatch, HttpRouteMatch


@dataclass(frozen=True, slots=True)
class _Reach:
    """The requests that a route takes: those with its path that meet all of its conditions."""

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
                f"never reached: {phrase(other.key)} is tried first and takes all that would match",
                "give it a lower priority number than the other, match less there, or remove it",
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
    """Yield every path that includes this one: itself, and prefixes that certainly do."""
    yield reach.form, reach.path
    if reach.form == "regex":
        yield from (("prefix", "/"), ("prefix", ""))
    else:
        yield from (("prefix", reach.path[:end]) for end in range(len(reach.path), -1, -1))


def _reach(match: Match | None) -> _Reach:
    match match:
        case HttpRouteMatch():
            many = (*(match.headers or ()), *(match.query_parameters or ()))
            conditions = _conditions({"method": match.method, "scheme": match.scheme}, many)
            return _http(match.path, match.prefix, conditions)
        case HttpGatewayRouteMatch():
            many = (*(match.headers or ()), *(match.query_parameters or ()))
            conditions = _conditions({"method": match.method, "host": match.hostname}, many)
            return _http(match.path, match.prefix, conditions)
        case GrpcRouteMatch():
            conditions = _conditions({"grpc": True}, match.metadata or ())
            return _grpc(match.service_name, match.method_name, conditions)
        case GrpcGatewayRouteMatch():
            conditions = _conditions({"grpc": True, "host": match.hostname}, match.metadata or ())
            return _grpc(match.service_name, None, conditions)
        case _:
            return _Reach("prefix", "", frozenset())


def _conditions(asked: Mapping[str, object], many: Iterable[object]) -> frozenset[object]:
    said = ((name, value) for name, value in asked.items() if value is not None)
    return frozenset((*said, *many))


def _http(path: PathMatch | None, prefix: str | None, conditions: frozenset[object]) -> _Reach:
    if path is not None and path.exact is not None:
        return _Reach("exact", path.exact, conditions)
    if path is not None and path.regex is not None:
        return _Reach("regex", path.regex, conditions)
    return _Reach("prefix", prefix or "/", conditions)


def _grpc(service: str | None, method: str | None, conditions: frozenset[object]) -> _Reach:
    if service is not None and method is not None:
        return _Reach("exact", f"/{service}/{method}", conditions)
    return _Reach("prefix", f"/{service}/" if service is not None else "/", conditions)
