"""Routes of a virtual service in matching order, with their conditions and their split."""

from collections.abc import Iterator
from dataclasses import dataclass

from mesh.canonical import Json, JsonObject, as_object
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import provider_key, weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, spec_json
from mesh.spec import RouteSpec, VirtualServiceSpec


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a route."""

    node: ResourceKey
    weight: int
    share: float
    """Part of the whole, from 0 to 100."""
    start: float
    """Sum of the shares before it."""
    port: int | None

    @property
    def percent(self) -> str:
        """Return the share as text: ``12.5``."""
        return f"{self.share:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class ShownRoute:
    """One route as a page shows it."""

    key: ResourceKey
    protocol: str
    priority: int | None
    conditions: tuple[str, ...]
    """All must hold: ``prefix /cart``, ``header x-tester = yes``; none means every request."""
    targets: tuple[Target, ...]
    extras: tuple[str, ...]
    """Timeouts and retries."""

    @property
    def total(self) -> int:
        """Return the sum of the weights."""
        return sum(target.weight for target in self.targets)


def routes_of(graph: MeshGraph, service: ResourceKey) -> tuple[ShownRoute, ...]:
    """Return the routes of a service in matching order; none if a node provides it directly."""
    found = graph.service(service.mesh, service.name)
    provider = None if found is None else provider_key(service.mesh, found)
    if provider is None or provider.kind is not Kind.VIRTUAL_ROUTER:
        return ()
    return tuple(shown_route(route) for route in graph.routes(provider))


def services_of(graph: MeshGraph, route: ResourceKey) -> tuple[ResourceKey, ...]:
    """Return the virtual services that a route's router provides, sorted."""
    router = ResourceKey.of(Kind.VIRTUAL_ROUTER, route.mesh, route.parent)
    found = (graph.get(key) for key in graph.referrers(router))
    return tuple(sorted(each.key for each in found if each and _is_service(each)))


def _is_service(found: Resource) -> bool:
    return isinstance(found.spec, VirtualServiceSpec)


def shown_route(route: Resource) -> ShownRoute:
    """Return a route as a page shows it."""
    spec = spec_json(route.spec)
    protocol, body = next(
        (name.removesuffix("Route"), as_object(spec[name])) for name in spec if name != "priority"
    )
    priority = spec.get("priority")
    return ShownRoute(
        route.key,
        protocol,
        priority if isinstance(priority, int) else None,
        tuple(_conditions(as_object(body.get("match")))),
        tuple(_targets(route)),
        tuple(_extras(body)),
    )


def _targets(route: Resource) -> Iterator[Target]:
    if not isinstance(route.spec, RouteSpec):
        return
    found = weighted_targets(route.spec)
    whole, start = sum(target.weight for target in found), 0.0
    for target in found:
        share = 100 * target.weight / whole if whole else 0.0
        node = ResourceKey.of(Kind.VIRTUAL_NODE, route.key.mesh, target.virtual_node)
        yield Target(node, target.weight, share, start, target.port)
        start += share


def _conditions(match: JsonObject) -> Iterator[str]:
    for name, word in (
        ("prefix", "prefix"),
        ("method", "method"),
        ("scheme", "scheme"),
        ("port", "port"),
        ("serviceName", "service"),
        ("methodName", "method"),
    ):
        if name in match:
            yield f"{word} {match[name]}"
    for how, text in as_object(match.get("path")).items():
        yield f"path {_sign(how)} {text}"
    for name, word in (
        ("headers", "header"),
        ("metadata", "metadata"),
        ("queryParameters", "query"),
    ):
        listed = match.get(name)
        for each in listed if isinstance(listed, list) else ():
            yield _valued(word, as_object(each))


def _valued(word: str, condition: JsonObject) -> str:
    no = "not " if condition.get("invert") else ""
    found = as_object(condition.get("match"))
    if not found:
        return f"{no}{word} {condition.get('name')}"
    how, value = next(iter(found.items()))
    return f"{no}{word} {condition.get('name')} {_sign(how)} {_value(value)}"


def _sign(how: str) -> str:
    return {"exact": "=", "regex": "~", "prefix": "begins", "suffix": "ends", "range": "in"}[how]


def _value(value: Json) -> str:
    if isinstance(value, dict):
        return f"{value.get('start')} to {value.get('end')}"
    return str(value)


def _extras(body: JsonObject) -> Iterator[str]:
    for name, length in as_object(body.get("timeout")).items():
        found = as_object(length)
        yield f"timeout {name} {found.get('value', 0)} {found.get('unit', 's')}"
    retry = as_object(body.get("retryPolicy"))
    if retry:
        yield f"retries {retry.get('maxRetries')}"
