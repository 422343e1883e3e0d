"""Access logs: every request is in the file and in the format that the spec gives."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.apps import App, ask, say, serving
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_gateway_route, a_mesh, a_node, a_service, listeners, resource
from tests.support.one_envoy import gateway, node, one_envoy, until
from xds.nodes import Explicit

pytestmark = pytest.mark.envoy

HTTP, TCP = free_port(), free_port()
TEXT = "%UPSTREAM_CLUSTER% said %RESPONSE_CODE%"
JSON: list[JsonObject] = [
    {"key": "who", "value": "%UPSTREAM_CLUSTER%"},
    {"key": "status", "value": "%RESPONSE_CODE%"},
]
FORMATS: dict[str, JsonObject] = {
    "text": {"format": {"text": TEXT}},
    "json": {"format": {"json": list(JSON)}},
    "plain": {},
    "stdout": {"format": {"text": TEXT}},
}


@dataclass(frozen=True)
class Town:
    """A node and a gateway for each format, and where their logs are."""

    folder: Path
    nodes: dict[str, Explicit]
    gateways: dict[str, Explicit]

    def path(self, of: str) -> str:
        """Return the path of a log: one is what the proxy itself says, as in a container."""
        return "/dev/stdout" if of.endswith("stdout") else str(self.folder / of)

    def lines(self, of: str, wanted: int) -> list[str]:
        """Return the lines of a log, when there are so many."""
        path = self.folder / ("envoy.log" if of.endswith("stdout") else of)

        def found() -> list[str]:
            lines = path.read_text().splitlines() if path.exists() else []
            return [line for line in lines if "cds_" in line or not of.endswith("stdout")]

        until(lambda: len(found()) >= wanted, why=found())
        return found()


def mesh(town: Town, application: str) -> list[Resource]:
    def logging(of: str) -> JsonObject:
        file = {"path": town.path(of), **FORMATS[of.partition("-")[2]]}
        return {"logging": {"accessLog": {"file": file}}}

    backends: list[Json] = [
        {"virtualService": {"virtualServiceName": f"{name}.local"}} for name in ("web", "db")
    ]
    return [
        a_mesh(),
        a_node("app", HTTP, hostname=application),
        a_node("db", (TCP, "tcp"), hostname=application),
        a_service("web.local", node="app"),
        a_service("db.local", node="db"),
        *(
            resource(
                ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name),
                {
                    "listeners": listeners(HTTP, (TCP, "tcp")),
                    "serviceDiscovery": {"dns": {"hostname": "unused"}},
                    "backends": list(backends),
                    **logging(f"node-{name}"),
                },
            )
            for name in town.nodes
        ),
        *(
            resource(
                ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", f"front-{name}"),
                {"listeners": listeners(HTTP), **logging(f"gateway-{name}")},
            )
            for name in town.gateways
        ),
        *(a_gateway_route(f"front-{name}", "all", "web.local") for name in town.gateways),
    ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    application = loopback_address()
    town = Town(
        tmp_path_factory.mktemp("logs"),
        {name: Explicit(loopback_address(), loopback_address(), application) for name in FORMATS},
        {name: Explicit(loopback_address(), loopback_address()) for name in FORMATS},
    )
    proxies = [
        *(node(name, where) for name, where in town.nodes.items()),
        *(gateway(f"front-{name}", where) for name, where in town.gateways.items()),
    ]
    apps = App("app", application, HTTP), App("db", application, TCP, "tcp")
    with ExitStack() as stack:
        stack.enter_context(serving(*apps))
        stack.enter_context(one_envoy(town.folder, link(mesh(town, application)), proxies))
        yield town


def pass_node(town: Town, name: str) -> dict[str, int]:
    """Send one request and one connection each way; return what a log says of each cluster."""
    where = town.nodes[name]
    assert ask(where.ingress, HTTP, "/in", host="x", x_fail="418").status == 418
    assert ask(where.egress, HTTP, "/out", host="web.local").status == 200
    assert say(where.ingress, TCP, "in") == "db: in"
    assert say(where.egress, TCP, "out") == "db: out"
    return {
        f"cds_ingress_shop_{name}_http_{HTTP}": 418,
        f"cds_egress_shop_app_http_{HTTP}": 200,
        f"cds_ingress_shop_{name}_tcp_{TCP}": 0,
        f"cds_egress_shop_db_tcp_{TCP}": 0,
    }


def pass_gateway(town: Town, name: str) -> dict[str, int]:
    """Send one request through a gateway, which its log has once for each pass."""
    assert ask(town.gateways[name].ingress, HTTP, "/", host="x").status == 200
    return {
        f"cds_ingress_shop_front-{name}_self_redirect_http_15001": 200,
        f"cds_egress_shop_app_http_{HTTP}": 200,
    }


PASSES = {"node": pass_node, "gateway": pass_gateway}


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("name", ["text", "stdout"])
def test_a_log_of_text_has_a_line_for_each_way(town: Town, kind: str, name: str) -> None:
    passed = PASSES[kind](town, name)
    mine = {f"{cluster} said {status}" for cluster, status in passed.items()}
    of = f"{kind}-{name}"
    if name == "text":
        assert set(town.lines(of, len(mine))) == mine
    else:
        until(lambda: mine <= set(town.lines(of, 1)), why=mine)


@pytest.mark.parametrize("kind", PASSES)
def test_a_log_of_json_has_an_object_for_each_way(town: Town, kind: str) -> None:
    passed = PASSES[kind](town, "json")
    found = [json.loads(line) for line in town.lines(f"{kind}-json", len(passed))]
    assert {each["who"]: each["status"] for each in found} == passed
    assert {frozenset(each) for each in found} == {frozenset({"who", "status"})}


@pytest.mark.parametrize("kind", PASSES)
def test_a_log_without_a_format_is_envoys_own(town: Town, kind: str) -> None:
    passed = PASSES[kind](town, "plain")
    lines = town.lines(f"{kind}-plain", len(passed))
    assert len(lines) == len(passed)
    assert all(line.startswith("[2") for line in lines)
    assert any(
        '"GET / HTTP/1.1" 200' in line or '"GET /out HTTP/1.1" 200' in line for line in lines
    )
