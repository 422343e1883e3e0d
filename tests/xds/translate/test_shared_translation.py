"""Translation in shared parts: each proxy is sent the same as if it were translated alone.

The reference translates each proxy alone: in a graph of its own, with a spec of its own, so that no
cached part of another proxy or of an earlier commit can be used.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.canonical import JsonObject
from mesh.graph.mesh_settings import NO_SETTINGS, MeshSettings
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link, relink, with_settings
from mesh.resource import Resource
from tests.support import mesh_strategies, spec_strategies
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service, resource
from xds.nodes import Addressing, Client, Explicit, Intercepted, ProxyIdentity
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import build_snapshot
from xds.translate import translate
from xds.translate.node import egress, ingress
from xds.type_urls import TypeUrl

Content = Mapping[TypeUrl, tuple[str, list[bytes]]]

ADDRESSINGS = (
    Intercepted(),
    Explicit("127.0.3.1", "127.0.3.2", "127.0.3.3"),
    Explicit("127.0.3.9", "127.0.3.2", "127.0.3.3"),
    Explicit("127.0.3.1", "127.0.3.9", "127.0.3.3"),
    Explicit("127.0.3.1", "127.0.3.2", "127.0.3.9"),
)
AWS = MeshSettings(egress_to_aws=True)


def content(pool: Pool, graph: MeshGraph, proxy: ProxyIdentity) -> Content:
    """Return all that a proxy is sent: the version and the bytes of each type."""
    sets = build_snapshot(pool, translate(graph, proxy)).sets
    return {t: (each.version, [r.entry for r in each.all]) for t, each in sets.items()}


def alone(graph: MeshGraph, proxy: ProxyIdentity) -> Content:
    known = graph.resources[proxy.key]
    copy = Resource(known.key, known.spec.model_copy(deep=True), known.source)
    return content(Pool(), relink(graph, {proxy.key: copy}), proxy)


def proxies(graph: MeshGraph, addressings: Iterable[Addressing]) -> Iterator[ProxyIdentity]:
    for key in sorted(graph.resources):
        if key.kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
            yield from (ProxyIdentity(key, addressing) for addressing in addressings)
        if key.kind is Kind.VIRTUAL_NODE:
            yield ProxyIdentity(key, client=Client.GRPC)


def wrong(
    graphs: Iterable[MeshGraph], addressings: tuple[Addressing, ...] = ADDRESSINGS
) -> set[ProxyIdentity]:
    """Return the proxies that get something else in one of these graphs than they would alone."""
    pool = Pool()
    return {
        proxy
        for graph in graphs
        for proxy in proxies(graph, addressings)
        if content(pool, graph, proxy) != alone(graph, proxy)
    }


NODES = st.sampled_from(
    [ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name) for name in mesh_strategies.NAMES]
)


@settings(max_examples=10, deadline=None)
@given(
    before=st.lists(mesh_strategies.resources(), max_size=12),
    edits=st.lists(mesh_strategies.edits(), max_size=3),
    nodes=st.dictionaries(NODES, spec_strategies.specs(Kind.VIRTUAL_NODE), max_size=2),
    aws=st.booleans(),
)
def test_every_proxy_gets_what_it_would_get_alone_whatever_changes(
    before: list[Resource],
    edits: list[dict[ResourceKey, Resource | None]],
    nodes: dict[ResourceKey, Any],
    aws: bool,
) -> None:
    graph = link([*{each.key: each for each in (*mesh_strategies.dense_mesh(), *before)}.values()])
    graphs = [graph]
    drawn: dict[ResourceKey, Resource | None] = {k: Resource(k, s) for k, s in nodes.items()}
    for changes in (*edits, drawn):
        graphs.append(relink(graphs[-1], changes))
    graphs.append(with_settings(graphs[-1], AWS if aws else NO_SETTINGS))
    assert wrong(graphs, ADDRESSINGS[:2]) == set()


# ---- what a forgotten input would do -------------------------------------------------------------


def node(name: str, mesh: str = "shop", **more: Any) -> Resource:
    """Return a node that differs from others in one input of its translation."""
    services: list[JsonObject] = more.pop("services", [{"virtualServiceName": "cart.local"}])
    spec: JsonObject = {
        "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": "same.local", **more.pop("dns", {})}},
        "backends": [{"virtualService": each} for each in services],
        **more,
    }
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), spec)


def policy(path: str) -> JsonObject:
    trust: JsonObject = {"file": {"certificateChain": path}}
    return {"tls": {"validation": {"trust": trust}}}


def around(mesh: str, weight: int) -> list[Resource]:
    return [
        a_mesh(mesh),
        a_service("cart.local", router="cart", mesh=mesh),
        a_service("shop.local", node="v1", mesh=mesh),
        a_router("cart", 8080, mesh=mesh),
        a_route("cart", "all", {"v1": weight, "v2": 100 - weight}, mesh=mesh),
        a_node("v1", 8080, mesh=mesh),
        a_node("v2", 8080, mesh=mesh),
    ]


def many() -> list[MeshGraph]:
    """Return a mesh of nodes that differ in one input each, and one whose settings differ."""
    graph = link(
        [
            *around("shop", 10),
            *around("lab", 90),
            node("plain"),
            node("plain", mesh="lab"),
            node("logging", logging={"accessLog": {"file": {"path": "/dev/stdout"}}}),
            node("preference", dns={"ipPreference": "IPv6_PREFERRED"}),
            node("services", services=[{"virtualServiceName": "shop.local"}]),
            node("default", backendDefaults={"clientPolicy": policy("/default")}),
            node(
                "own",
                services=[{"virtualServiceName": "cart.local", "clientPolicy": policy("/own")}],
            ),
        ]
    )
    preference: JsonObject = {"serviceDiscovery": {"ipPreference": "IPv6_ONLY"}}
    changed = {ResourceKey.of_mesh("shop"): resource(ResourceKey.of_mesh("shop"), preference)}
    return [graph, relink(graph, changed), with_settings(graph, AWS)]


class Forgetful(dict[Any, Any]):
    """A cache of parts whose keys lack one input."""

    def __init__(self, forget: Any) -> None:
        super().__init__()
        self._forget = forget

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._forget(key))

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self._forget(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(self._forget(key), value)


class Kept(NamedTuple):
    """The caches of the parts, one per spec or graph, all of which forget the same."""

    forget: Any
    known: dict[int, tuple[Any, Forgetful]]

    def get(self, owner: Any, _: Any) -> Forgetful:
        return self.known.setdefault(id(owner), (owner, Forgetful(self.forget)))[1]


def test_nodes_that_differ_in_one_input_get_their_own() -> None:
    assert wrong(many()) == set()


@pytest.mark.parametrize("field", egress.EgressKey._fields)
def test_an_input_of_calls_that_the_key_forgets_is_found(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(lambda key: key._replace(**{field: None}), {})
    monkeypatch.setattr(egress, "of_graph", kept.get)
    assert wrong(many())


@pytest.mark.parametrize("field", egress.Calls._fields)
def test_a_property_of_backends_that_the_key_forgets_is_found(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(lambda key: key._replace(calls=key.calls._replace(**{field: None})), {})
    monkeypatch.setattr(egress, "of_graph", kept.get)
    assert wrong(many())


@pytest.mark.parametrize("place", [0, 1], ids=["proxy", "preference"])
def test_an_input_of_inbound_traffic_that_the_key_forgets_is_found(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(lambda key: key[:place] + key[place + 1 :], {})
    monkeypatch.setattr(ingress, "_parts_of", kept)
    assert wrong(many())


def test_nodes_that_call_alike_share_one_part_and_its_bytes() -> None:
    graph = link([*around("shop", 10), node("one"), node("two")])
    pool = Pool()
    one, two = (
        build_snapshot(pool, translate(graph, ProxyIdentity(each)))
        for each in (ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name) for name in ("one", "two"))
    )
    same = [t for t in one.sets if one.sets[t] is two.sets[t]]
    assert len(same) == 3
    shared = [each for t in one.sets for each in one.sets[t].all if each in two.sets[t].all]
    own = [each for t in one.sets for each in one.sets[t].all if each not in two.sets[t].all]
    assert len(own) == 2
    assert len(shared) == 5
