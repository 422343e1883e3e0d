"""Hypothesis strategies: valid meshes, resources of any kind, and edits that break references."""

from hypothesis import strategies as st

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, Source
from tests.support.meshes import (
    a_cloud_node,
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    registered,
)

MESHES = ("lab", "shop")
NAMES = ("a", "b", "B")
"""Few names, so that references often exist; two differ only in case, as hosts must not."""

_PORTS = st.sampled_from((80, 90))
_OPTIONAL_PORT = st.none() | _PORTS
_PROTOCOLS = st.sampled_from(("http", "tcp", "http2"))
_MESH = st.sampled_from(MESHES)
_NAME = st.sampled_from(NAMES)
_LISTENERS = st.lists(
    st.tuples(_PORTS, _PROTOCOLS), max_size=2, unique_by=lambda listener: listener[0]
)
_GATEWAY_LISTENERS = st.lists(
    st.tuples(_PORTS, st.sampled_from(("http", "grpc"))),
    max_size=2,
    unique_by=lambda listener: listener[0],
)
_PRIORITY = st.sampled_from((None, 0, 1))


@st.composite
def _nodes(draw: st.DrawFn, mesh: str) -> Resource:
    if draw(st.booleans()):
        attributes = draw(st.sampled_from(({}, {"stage": "live"})))
        return a_cloud_node(
            draw(_NAME), *draw(_LISTENERS), service=draw(_NAME), attributes=attributes, mesh=mesh
        )
    backends = draw(st.lists(_NAME, max_size=3, unique=True))
    return a_node(draw(_NAME), *draw(_LISTENERS), backends=backends, mesh=mesh)


@st.composite
def _services(draw: st.DrawFn, mesh: str) -> Resource:
    provider = draw(st.sampled_from(("", "router", "node")))
    named = draw(_NAME)
    return a_service(
        draw(_NAME),
        router=named if provider == "router" else "",
        node=named if provider == "node" else "",
        mesh=mesh,
    )


@st.composite
def _routes(draw: st.DrawFn, mesh: str) -> Resource:
    protocol, port = draw(_PROTOCOLS), draw(_OPTIONAL_PORT)
    match: JsonObject = {} if protocol == "tcp" else {"prefix": draw(st.sampled_from(["/", "/a"]))}
    targets: list[JsonObject] = []
    for node, target_port in draw(
        st.lists(st.tuples(_NAME, _OPTIONAL_PORT), min_size=1, max_size=2)
    ):
        target: JsonObject = {"virtualNode": node, "weight": 1}
        targets.append(target if target_port is None else {**target, "port": target_port})
    return a_route(
        draw(_NAME),
        draw(_NAME),
        targets,
        protocol=protocol,
        match=match if port is None else {**match, "port": port},
        priority=draw(_PRIORITY),
        mesh=mesh,
    )


@st.composite
def _gateway_routes(draw: st.DrawFn, mesh: str) -> Resource:
    port = draw(_OPTIONAL_PORT)
    match: JsonObject = {"prefix": draw(st.sampled_from(("/", "/a")))}
    return a_gateway_route(
        draw(_NAME),
        draw(_NAME),
        draw(_NAME),
        match=match if port is None else {**match, "port": port},
        port=draw(_OPTIONAL_PORT),
        priority=draw(_PRIORITY),
        mesh=mesh,
    )


@st.composite
def _instances(draw: st.DrawFn, mesh: str) -> Resource:
    more = st.sampled_from(({}, {"stage": "live"}, {"stage": "test"}))
    known = [
        {"AWS_INSTANCE_IPV4": f"127.0.0.{number}", **draw(more)}
        for number in range(draw(st.integers(0, 2)))
    ]
    return registered(draw(_NAME), *known, mesh=mesh)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    """Return a resource of any kind, whose references may not exist."""
    mesh = draw(_MESH)
    found = draw(
        st.one_of(
            st.just(a_mesh(mesh)),
            _nodes(mesh),
            _services(mesh),
            st.builds(lambda name, on: a_router(name, *on, mesh=mesh), _NAME, _LISTENERS),
            _routes(mesh),
            st.builds(lambda name, on: a_gateway(name, *on, mesh=mesh), _NAME, _GATEWAY_LISTENERS),
            _gateway_routes(mesh),
            _instances(mesh),
        )
    )
    # The same spec may move to another file: its problems must move along.
    folder = draw(st.sampled_from(("", "moved/")))
    return Resource(found.key, found.spec, Source(folder + found.source.path, {(): 1}))


def all_keys() -> list[ResourceKey]:
    """Return every key that the strategies here can produce or refer to."""
    plain = (Kind.VIRTUAL_SERVICE, Kind.VIRTUAL_NODE, Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_GATEWAY)
    inner = (Kind.ROUTE, Kind.GATEWAY_ROUTE)
    keys = [ResourceKey.of_mesh(mesh) for mesh in MESHES]
    keys += [ResourceKey.of(kind, m, name) for m in MESHES for kind in plain for name in NAMES]
    keys += [
        ResourceKey.of(kind, m, name, parent)
        for m in MESHES
        for kind in inner
        for name in NAMES
        for parent in NAMES
    ]
    keys += [
        ResourceKey.of(Kind.SERVICE_INSTANCES, m, name, "shop.internal")
        for m in MESHES
        for name in NAMES
    ]
    return keys


def dense_mesh() -> tuple[Resource, ...]:
    """Return a mesh of those names in which a node and a gateway reach nearly everything."""
    return (
        a_mesh("shop"),
        a_node("a", 80, backends=NAMES),
        a_node("b", 90),
        a_node("B", (80, "tcp")),
        a_service("a", router="a"),
        a_service("b", node="b"),
        a_service("B", router="b"),
        a_router("a", 80),
        a_router("b", (90, "tcp")),
        a_route("a", "a", {"a": 1}),
        a_route("a", "b", {"b": 1}, match={"prefix": "/a"}),
        a_route("b", "a", {"B": 1}, protocol="tcp"),
        a_gateway("a", 80),
        a_gateway_route("a", "a", "a"),
        a_gateway_route("a", "b", "b", match={"prefix": "/a"}),
    )


@st.composite
def edits(draw: st.DrawFn) -> dict[ResourceKey, Resource | None]:
    """Return changes to some resources: added, changed, moved, removed, or all at once."""
    changes: dict[ResourceKey, Resource | None] = {
        each.key: each for each in draw(st.lists(resources(), max_size=8))
    }
    for key in draw(st.lists(st.sampled_from(all_keys()), max_size=4)):
        changes[key] = None
    return changes


@st.composite
def linkable_meshes(draw: st.DrawFn) -> tuple[Resource, ...]:
    """Return a mesh without errors: services over routers or nodes that call one another."""
    count = draw(st.integers(1, 5))
    names = [f"svc{number}" for number in range(count)]
    found = [a_mesh(allow_all=draw(st.booleans())), a_gateway("front", 80)]
    for number, name in enumerate(names):
        port = 8000 + number
        protocol = draw(st.sampled_from(("http", "http2", "tcp")))
        versions = [f"{name}-v{version}" for version in range(draw(st.integers(1, 3)))]
        backends = [
            f"{other}.local" for other in draw(st.lists(st.sampled_from(names), unique=True))
        ]
        found += [a_node(version, (port, protocol), backends=backends) for version in versions]
        if draw(st.booleans()):
            weights = {version: draw(st.integers(1, 100)) for version in versions}
            found += [
                a_service(f"{name}.local", router=name),
                a_router(name, (port, protocol)),
                a_route(name, "all", weights, protocol=protocol),
            ]
        else:
            found.append(a_service(f"{name}.local", node=versions[0]))
        if protocol != "tcp":
            match: JsonObject = {"prefix": f"/{name}/"}
            found.append(a_gateway_route("front", name, f"{name}.local", match=match))
    return tuple(draw(st.permutations(found)))
