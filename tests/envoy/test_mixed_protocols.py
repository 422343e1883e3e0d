"""Routes, routers and targets that are written for different kinds of HTTP, on real Envoys."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from mesh.canonical import JsonObject
from mesh.graph.protocols import can_answer
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.problems.problem import errors
from mesh.resource import Resource
from mesh.routing import Request as Asked
from mesh.routing import decide
from tests.support.crossroads.app import App, serving
from tests.support.crossroads.calls import Answer, Request, call
from tests.support.crossroads.conduct import Ledger
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

pytestmark = pytest.mark.envoy

KINDS: Final = ("http", "http2", "grpc")
WAYS: Final = {way: free_port() for way in product(KINDS, repeat=3)}
"""Protocols of a router, of its route and of the target, and the port of a service with them."""
PORT: Final = {kind: free_port() for kind in KINDS}
ADMIN: Final = free_port()
WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
APP = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "app")
PATH = "/shop.Cart/Get"


def _mesh(address: str) -> Iterator[Resource]:
    yield a_mesh()
    yield a_node("web", backends=[f"{'-'.join(way)}.local" for way in WAYS])
    yield a_node("app", *((PORT[kind], kind) for kind in KINDS), hostname=address)
    for way, port in WAYS.items():
        name, (router, route, target) = "-".join(way), way
        yield a_service(f"{name}.local", router=name)
        yield a_router(name, (port, router))
        weighted: JsonObject = {"virtualNode": "app", "weight": 1, "port": PORT[target]}
        yield a_route(name, "all", [weighted], protocol=route)


def test_a_mix_is_a_warning_as_far_as_envoy_serves_it(tmp_path: Path) -> None:
    web = Explicit(loopback_address(), loopback_address(), loopback_address())
    app = Explicit(loopback_address(), loopback_address(), loopback_address())
    admin, ledger = loopback_address(), Ledger()
    graph = link(list(_mesh(app.ingress)))
    wrong = {p.path.split("/")[1] for p in errors(graph.problems)}
    differ = {p.path.split("/")[1] for p in graph.problems if p.code == "route-protocol-differs"}
    assert differ | wrong == {"-".join(way) for way in WAYS if len(set(way)) > 1}
    translated = [translate(graph, ProxyIdentity(k, a)) for k, a in ((WEB, web), (APP, app))]
    apps = [App("app", str(app.application), PORT[kind], ledger, kind) for kind in KINDS]
    config = static_bootstrap(translated, admin=(admin, ADMIN))
    with serving(*apps), running(config, tmp_path):
        wait_until_ready(admin, ADMIN, tmp_path)

        def ask(client: str, way: tuple[str, ...], port: int) -> Answer:
            request = Request(PATH, authority=f"{'-'.join(way)}.local")
            return call(client, web.egress, port, request)

        for way, port in WAYS.items():
            _, route, target = way
            assert (not can_answer(target, route)) == ("-".join(way) in wrong), way
            if "-".join(way) in wrong:
                continue
            # Whatever the router's listener is for, what clients speak is understood.
            clients = ("grpc",) if route == "grpc" else ("http", "http2")
            assert [ask(client, way, port).app for client in clients] == ["app"] * len(clients)
            if target != "http":
                assert ask("grpc", way, port).grpc_status == 0
            asked = Asked("POST", PATH, f"{'-'.join(way)}.local", port)
            plain = decide(graph, WEB, asked).result
            assert (ask("http2", way, port).app == plain) == (route != "grpc")
