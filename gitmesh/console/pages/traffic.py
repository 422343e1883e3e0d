"""Traffic: where do requests of a service go, which route takes one, and how do weights shift?"""

from dataclasses import dataclass
from typing import Final

from gitmesh.console import paths
from gitmesh.console.listing import list_page
from gitmesh.console.shown_mesh import graph_at
from gitmesh.console.traffic.routes import ShownRoute, routes_of, services_of, shown_route
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.console.writing import absent, readable
from gitmesh.service.specs.route_testing import route_request
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import provider_key, weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from mesh.route_tests import RouteTests, Verdict, verdicts
from mesh.routing import Decision
from mesh.spec import RouteSpec

PER_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Split:
    """A route, and the services whose requests it splits."""

    route: ShownRoute
    services: tuple[ResourceKey, ...]
    may_write: bool


def traffic(visit: Visit) -> Answer:
    """Return all routes, those that split requests first, some on each page."""
    graph, text = graph_at(visit), visit.query.get("q", "").strip().lower()
    routes = [each for key, each in graph.resources.items() if key.kind is Kind.ROUTE]
    found = [each for each in routes if text in str(each.key).lower()]
    found.sort(key=lambda each: (not _splits(each), each.key))
    listed = list_page(found, visit.query.get("page", ""), PER_PAGE)
    splits = [
        Split(shown_route(each), services_of(graph, each.key), _may_shift(visit, each.key))
        for each in listed.shown
    ]
    values = {
        "paths": paths,
        "splits": splits,
        "text": visit.query.get("q", ""),
        "listed": listed,
        "tip": visit.served.changes.tip(),
        "is_empty": not graph.resources,
    }
    return View("traffic.html", values)


def service_traffic(visit: Visit) -> Answer:
    """Return the routes of one service, and which of them takes a request."""
    key, graph = readable(visit, visit.name), graph_at(visit)
    found = graph.service(key.mesh, key.name) if key.kind is Kind.VIRTUAL_SERVICE else None
    if found is None:
        raise absent(visit, key)
    callers = callers_of(graph, key)
    decision, refusal = _asked(visit, graph, key, callers)
    values = {
        "paths": paths,
        "key": key,
        "provider": provider_key(key.mesh, found),
        "splits": [
            Split(each, (key,), _may_shift(visit, each.key)) for each in routes_of(graph, key)
        ],
        "callers": callers,
        "decision": decision,
        "refusal": refusal,
        "query": visit.query,
        "tests": _tests(visit, graph, key),
        "tip": visit.served.changes.tip(),
    }
    return View("service_traffic.html", values)


def callers_of(graph: MeshGraph, service: ResourceKey) -> tuple[ResourceKey, ...]:
    """Return the nodes and gateways that send requests to a service, sorted."""
    found = set[ResourceKey]()
    for key in graph.referrers(service):
        if key.kind is Kind.GATEWAY_ROUTE:
            found.add(ResourceKey.of(Kind.VIRTUAL_GATEWAY, key.mesh, key.parent))
        elif key.kind is Kind.VIRTUAL_NODE:
            found.add(key)
    return tuple(sorted(key for key in found if graph.get(key) is not None))


def _asked(
    visit: Visit, graph: MeshGraph, key: ResourceKey, callers: tuple[ResourceKey, ...]
) -> tuple[Decision | None, UsageError | None]:
    """Return how a request is routed, or why it is none; nothing if none was asked."""
    path = visit.query.get("path")
    if path is None or not callers:
        return None, None
    caller = next((each for each in callers if str(each) == visit.query.get("from")), callers[0])
    host = visit.query.get("host") or key.name
    method = visit.query.get("method") or "GET"
    try:
        return route_request(
            graph, str(caller), f"{method} http://{host}{path or '/'}", _headers(visit)
        ), None
    except UsageError as error:
        return None, error


def _headers(visit: Visit) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in visit.query.get("headers", "").splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            raise UsageError(
                visit.words._("%(line)s is not a header") % {"line": line.strip()},
                hint=visit.words._('write "name: value"'),
            )
        lowered = name.strip().lower()
        found[lowered] = (*found.get(lowered, ()), value.strip())
    return found


def _tests(visit: Visit, graph: MeshGraph, key: ResourceKey) -> tuple[Verdict, ...]:
    """Return the route tests of the repository whose requests are for a service."""
    if visit.at is not None or not visit.caller.permission.reads_all:
        return ()
    tree = visit.served.changes.present().tree
    suites: list[RouteTests] = [
        suite for path in sorted(tree.failed) for suite in tree.files[path].tests
    ]
    return tuple(each for each in verdicts(graph, suites) if each.decision.service == key)


def _splits(route: Resource) -> bool:
    return isinstance(route.spec, RouteSpec) and len(weighted_targets(route.spec)) > 1


def _may_shift(visit: Visit, route: ResourceKey) -> bool:
    return visit.at is None and visit.caller.permission.may_write(route)
