"""Meshes for tests: builders of single resources, a small valid shop, and large meshes."""

from collections.abc import Iterable, Mapping, Sequence

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, Source, Steps, spec_from_json

MESH = "shop"


def resource(key: ResourceKey, spec: JsonObject, source: Source | None = None) -> Resource:
    """Return a resource from its spec in App Mesh's form; its file is named after it."""
    return Resource(key, spec_from_json(key, spec), source or source_of(key))


def source_of(key: ResourceKey, lines: Mapping[Steps, int] | None = None) -> Source:
    """Return a source for a resource, ``virtualNode/cart.yaml``, with these lines of its parts."""
    folder = f"{key.kind.segment}/{key.parent}/" if key.parent else f"{key.kind.segment}/"
    return Source(f"{folder}{key.name}.yaml", lines or {(): 1})


def a_mesh(name: str = MESH, *, allow_all: bool = False) -> Resource:
    """Return a mesh; by default its egress filter drops traffic to the outside."""
    spec: JsonObject = {"egressFilter": {"type": "ALLOW_ALL"}} if allow_all else {}
    return resource(ResourceKey.of_mesh(name), spec)


def listeners(*ports: int | tuple[int, str]) -> list[Json]:
    """Return listeners on these ports: ``8080`` for http, ``(5432, "tcp")`` for another."""
    pairs = [(port, "http") if isinstance(port, int) else port for port in ports]
    return [{"portMapping": {"port": port, "protocol": protocol}} for port, protocol in pairs]


def a_node(
    name: str,
    *ports: int | tuple[int, str],
    backends: Sequence[str] = (),
    mesh: str = MESH,
    hostname: str = "",
) -> Resource:
    """Return a virtual node that listens on these ports and calls these virtual services."""
    spec: JsonObject = {"backends": [_backend(service) for service in backends]}
    if ports:
        spec["listeners"] = listeners(*ports)
        spec["serviceDiscovery"] = {"dns": {"hostname": hostname or f"{name}.{mesh}.internal"}}
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), spec)


def a_cloud_node(
    name: str,
    *ports: int | tuple[int, str],
    service: str,
    attributes: Mapping[str, str] | None = None,
    preference: str = "",
    namespace: str = "shop.internal",
    mesh: str = MESH,
) -> Resource:
    """Return a virtual node with Cloud Map discovery."""
    found: JsonObject = {"namespaceName": namespace, "serviceName": service}
    if attributes:
        found["attributes"] = [{"key": k, "value": v} for k, v in attributes.items()]
    if preference:
        found["ipPreference"] = preference
    spec: JsonObject = {
        "listeners": listeners(*ports),
        "serviceDiscovery": {"awsCloudMap": found},
    }
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), spec)


def registered(
    service: str, *attributes: Mapping[str, str], namespace: str = "shop.internal", mesh: str = MESH
) -> Resource:
    """Return the instances of a service, an instance for each set of attributes."""
    key = ResourceKey.of(Kind.SERVICE_INSTANCES, mesh, service, namespace)
    instances: list[Json] = [
        {"id": f"i-{number}", "attributes": {**each}} for number, each in enumerate(attributes)
    ]
    return resource(key, {"instances": instances})


def _backend(service: str) -> Json:
    return {"virtualService": {"virtualServiceName": service}}


def a_service(name: str, *, router: str = "", node: str = "", mesh: str = MESH) -> Resource:
    """Return a virtual service with a router or a node as provider, or with none."""
    spec: JsonObject = {}
    if router:
        spec["provider"] = {"virtualRouter": {"virtualRouterName": router}}
    if node:
        spec["provider"] = {"virtualNode": {"virtualNodeName": node}}
    return resource(ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name), spec)


def a_router(name: str, *ports: int | tuple[int, str], mesh: str = MESH) -> Resource:
    """Return a virtual router that listens on these ports."""
    key = ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, name)
    return resource(key, {"listeners": listeners(*ports)})


def a_route(
    router: str,
    name: str,
    targets: Mapping[str, int] | Sequence[JsonObject],
    *,
    protocol: str = "http",
    match: JsonObject | None = None,
    priority: int | None = None,
    mesh: str = MESH,
) -> Resource:
    """Return a route: targets are ``{"cart-v1": 90, "cart-v2": 10}`` or weighted targets."""
    weighted: list[Json] = (
        [{"virtualNode": node, "weight": weight} for node, weight in targets.items()]
        if isinstance(targets, Mapping)
        else list(targets)
    )
    body: JsonObject = {"action": {"weightedTargets": weighted}}
    if match is not None or protocol != "tcp":
        body["match"] = match if match is not None else _match_all(protocol)
    spec = _with_priority({f"{protocol}Route": body}, priority)
    return resource(ResourceKey.of(Kind.ROUTE, mesh, name, router), spec)


def _match_all(protocol: str) -> JsonObject:
    return {} if protocol == "grpc" else {"prefix": "/"}


def _with_priority(spec: JsonObject, priority: int | None) -> JsonObject:
    return spec if priority is None else {**spec, "priority": priority}


def a_gateway(name: str, *ports: int | tuple[int, str], mesh: str = MESH) -> Resource:
    """Return a virtual gateway that listens on these ports."""
    key = ResourceKey.of(Kind.VIRTUAL_GATEWAY, mesh, name)
    return resource(key, {"listeners": listeners(*ports)})


def a_gateway_route(
    gateway: str,
    name: str,
    service: str,
    *,
    protocol: str = "http",
    match: JsonObject | None = None,
    port: int | None = None,
    priority: int | None = None,
    mesh: str = MESH,
) -> Resource:
    """Return a gateway route to a virtual service; ``port`` is the target's."""
    target: JsonObject = {"virtualService": {"virtualServiceName": service}}
    if port is not None:
        target["port"] = port
    asked = match if match is not None else _match_all(protocol)
    body: JsonObject = {"match": asked, "action": {"target": target}}
    spec = _with_priority({f"{protocol}Route": body}, priority)
    return resource(ResourceKey.of(Kind.GATEWAY_ROUTE, mesh, name, gateway), spec)


def shop_mesh(*, v1: int = 100, v2: int = 0) -> tuple[Resource, ...]:
    """Return a small valid mesh with every kind of resource.

    A gateway routes to web, web calls cart, catalog and payments; cart is a router over v1 and v2
    with these weights, catalog is a node, payments uses TCP.
    """
    return (
        a_mesh(),
        a_gateway("front", 8088),
        a_gateway_route("front", "web", "web.shop.local"),
        a_service("web.shop.local", node="web"),
        a_service("cart.shop.local", router="cart"),
        a_service("catalog.shop.local", node="catalog"),
        a_service("payments.shop.local", router="payments"),
        a_node(
            "web",
            8080,
            backends=("cart.shop.local", "catalog.shop.local", "payments.shop.local"),
        ),
        a_router("cart", 8080),
        a_route("cart", "all", {"cart-v1": v1, "cart-v2": v2}),
        a_node("cart-v1", 8080),
        a_node("cart-v2", 8080),
        a_node("catalog", 8081),
        a_router("payments", (9090, "tcp")),
        a_route("payments", "all", {"payments": 1}, protocol="tcp"),
        a_node("payments", (9090, "tcp")),
    )


def shop_with(*changed: Resource, without: Iterable[ResourceKey] = ()) -> tuple[Resource, ...]:
    """Return the shop with some resources replaced, added or removed."""
    shop = {each.key: each for each in (*shop_mesh(), *changed)}
    gone = set(without)
    return tuple(each for key, each in shop.items() if key not in gone)


def big_mesh(size: int) -> tuple[Resource, ...]:
    """Return a valid mesh of about ``size`` resources: many services, each with two versions."""
    found: list[Resource] = [a_mesh()]
    for number in range(max(1, size // 5)):
        name = f"svc-{number:05}"
        backend = f"svc-{(number * 7 + 1) % max(1, size // 5):05}.shop.local"
        found += (
            a_service(f"{name}.shop.local", router=name),
            a_router(name, 8080),
            a_route(name, "all", {f"{name}-v1": 90, f"{name}-v2": 10}),
            a_node(f"{name}-v1", 8080, backends=(backend,)),
            a_node(f"{name}-v2", 8080, backends=(backend,)),
        )
    return tuple(found)
