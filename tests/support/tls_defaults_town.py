"""Test bed for client policies of all backends, of nodes and gateways, and for gateway listeners.

One Envoy is every proxy. Each policy has its own mesh, with a caller and a gateway that apply it to
all their calls; the called listeners are the same for all.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh.graph.mesh_settings import MeshSettings, settings_from_json
from mesh.keys import Kind, ResourceKey
from mesh.linking import link, with_settings
from mesh.resource import Resource
from tests.support.apps import App, serving
from tests.support.certificates import Authority, Certificate
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_gateway_route, a_mesh, a_route, a_router, a_service, resource
from tests.support.one_envoy import gateway, node, one_envoy
from tests.support.sds_agent import SdsAgent
from xds.nodes import Explicit, ProxyIdentity

STRICT, MUTUAL, PLAIN = (free_port() for _ in range(3))
PORTS = {"strict": STRICT, "mutual": MUTUAL, "plain": PLAIN}
ENTRANCE = free_port()
DOORS = {
    "strict": free_port(),
    "permissive": free_port(),
    "disabled": free_port(),
    "sds": free_port(),
    "acm": free_port(),
    "mutual": free_port(),
    "mutual-sds": free_port(),
}
POLICIES = (
    "trusting",
    "distrusting",
    "named",
    "misnamed",
    "willing",
    "elsewhere",
    "showing",
    "showing-other",
    "sds",
    "sds-distrusting",
    "acm",
    "acm-distrusting",
)


@dataclass(frozen=True)
class Town:
    """Callers by policy, and the address of the gateway with all listeners."""

    folder: Path
    authority: Authority
    stranger: Authority
    shop: Explicit
    doors: Explicit
    callers: dict[str, Explicit] = field(default_factory=dict)
    gateways: dict[str, Explicit] = field(default_factory=dict)


def policies(town: Town) -> dict[str, Any]:
    """Return the policies by name; each of them has a trust."""
    web: Any = town.authority.issue("web", "web.local").json
    other: Any = town.authority.issue("other", "other.local").json
    ours: Any = {"file": {"certificateChain": str(town.authority.bundle)}}
    theirs: Any = {"file": {"certificateChain": str(town.stranger.bundle)}}

    def policy(trust: Any, *names: str, **more: Any) -> Any:
        exact = {"subjectAlternativeNames": {"match": {"exact": list(names)}}} if names else {}
        return {"tls": {"validation": {"trust": trust, **exact}, **more}}

    def acm(arn: str) -> Any:
        return {"acm": {"certificateAuthorityArns": [arn]}}

    return {
        "trusting": policy(ours),
        "distrusting": policy(theirs),
        "named": policy(ours, "nobody.local", town.shop.ingress),
        "misnamed": policy(ours, "nobody.local"),
        "willing": policy(ours, enforce=False),
        "elsewhere": policy(theirs, ports=[STRICT]),
        "showing": policy(ours, certificate=web),
        "showing-other": policy(ours, certificate=other),
        "sds": policy(secret("authority"), certificate=secret("web")),
        "sds-distrusting": policy(secret("stranger")),
        "acm": policy(acm("arn:authority")),
        "acm-distrusting": policy(acm("arn:stranger")),
    }


def secret(name: str) -> Any:
    return {"sds": {"secretName": name}}


def meshes(town: Town) -> list[Resource]:
    found = policies(town)
    return [
        *(part for name in POLICIES for part in _mesh(town, name, found[name])),
        *_doors(town),
    ]


def _mesh(town: Town, name: str, policy: Any) -> Iterator[Resource]:
    backends: Any = [{"virtualService": {"virtualServiceName": f"{port}.local"}} for port in PORTS]
    defaults: Any = {"backendDefaults": {"clientPolicy": policy}}
    yield a_mesh(name)
    yield _shop(town, name)
    yield resource(
        ResourceKey.of(Kind.VIRTUAL_NODE, name, "web"), {"backends": backends, **defaults}
    )
    listener: Any = {"portMapping": {"port": ENTRANCE, "protocol": "http"}}
    yield resource(
        ResourceKey.of(Kind.VIRTUAL_GATEWAY, name, "front"), {"listeners": [listener], **defaults}
    )
    for service, port in PORTS.items():
        target: Any = {"virtualNode": "shop", "weight": 1, "port": port}
        yield a_service(f"{service}.local", router=service, mesh=name)
        yield a_router(service, port, mesh=name)
        yield a_route(service, "all", [target], mesh=name)
        yield a_gateway_route(
            "front", service, f"{service}.local", match={"prefix": f"/{service}"}, mesh=name
        )


def _shop(town: Town, mesh: str) -> Resource:
    certificate: Any = Certificate(town.folder / "shop.pem", town.folder / "shop.key").json
    tls: Any = {"mode": "STRICT", "certificate": certificate}
    known: Any = {"subjectAlternativeNames": {"match": {"exact": ["web.local"]}}}
    trust: Any = {"trust": {"file": {"certificateChain": str(town.authority.bundle)}}}
    security = {STRICT: tls, MUTUAL: {**tls, "validation": {**trust, **known}}}
    listeners: Any = [
        {
            "portMapping": {"port": port, "protocol": "http"},
            **({"tls": security[port]} if port in security else {}),
        }
        for port in PORTS.values()
    ]
    spec = {
        "listeners": listeners,
        "serviceDiscovery": {"dns": {"hostname": town.shop.ingress}},
    }
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, "shop"), spec)


def _door_listeners(town: Town) -> dict[str, Any]:
    own: Any = Certificate(town.folder / "doors.pem", town.folder / "doors.key").json
    trust: Any = {"file": {"certificateChain": str(town.authority.bundle)}}
    known: Any = {"subjectAlternativeNames": {"match": {"exact": ["web.local"]}}}
    return {
        "strict": {"mode": "STRICT", "certificate": own},
        "permissive": {"mode": "PERMISSIVE", "certificate": own},
        "disabled": {"mode": "DISABLED", "certificate": own},
        "sds": {"mode": "STRICT", "certificate": secret("doors")},
        "acm": {"mode": "STRICT", "certificate": {"acm": {"certificateArn": "arn:doors"}}},
        "mutual": {
            "mode": "STRICT",
            "certificate": own,
            "validation": {"trust": trust, **known},
        },
        "mutual-sds": {
            "mode": "STRICT",
            "certificate": own,
            "validation": {"trust": secret("authority")},
        },
    }


def _doors(town: Town) -> Iterator[Resource]:
    listeners: Any = [
        {"portMapping": {"port": DOORS[name], "protocol": "http"}, "tls": tls}
        for name, tls in _door_listeners(town).items()
    ]
    key = ResourceKey.of(Kind.VIRTUAL_GATEWAY, POLICIES[0], "doors")
    yield resource(key, {"listeners": listeners})
    for name, port in DOORS.items():
        match: Any = {"prefix": "/", "port": port}
        yield a_gateway_route("doors", name, "strict.local", match=match, mesh=POLICIES[0])


def settings(town: Town) -> MeshSettings:
    """Return the repository's settings: replacements of ACM certificates."""
    acm = town.authority.issue("acm", town.doors.ingress).json
    trusts = {
        f"arn:{authority}": {"file": {"certificateChain": str(bundle)}}
        for authority, bundle in (
            ("authority", town.authority.bundle),
            ("stranger", town.stranger.bundle),
        )
    }
    found: Any = {"certificates": {"arn:doors": acm}, "authorities": trusts}
    return settings_from_json(found)


def _proxies(town: Town) -> Iterator[ProxyIdentity]:
    yield node("shop", town.shop, mesh=POLICIES[0])
    yield gateway("doors", town.doors, mesh=POLICIES[0])
    for mesh, addresses in town.callers.items():
        yield node("web", addresses, mesh=mesh)
    for mesh, addresses in town.gateways.items():
        yield gateway("front", addresses, mesh=mesh)


def _two() -> Explicit:
    return Explicit(loopback_address(), loopback_address(), "")


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Run the application, the secret discovery service and one Envoy until the block ends."""
    application = loopback_address()
    town = Town(
        folder,
        Authority(folder),
        Authority(folder, "stranger"),
        Explicit(loopback_address(), loopback_address(), application),
        _two(),
        {name: _two() for name in POLICIES},
        {name: _two() for name in POLICIES},
    )
    for name, addresses in (("shop", town.shop), ("doors", town.doors)):
        town.authority.issue(name, addresses.ingress)
    secrets: dict[str, Certificate | Authority] = {
        "web": town.authority.issue("sds-web", "web.local"),
        "doors": town.authority.issue("sds-doors", town.doors.ingress),
        "authority": town.authority,
        "stranger": town.stranger,
    }
    agent = folder / "agent.sock"
    graph = with_settings(link(meshes(town)), settings(town))
    with ExitStack() as stack:
        stack.enter_context(SdsAgent(agent, secrets))
        stack.enter_context(serving(*(App("shop", application, port) for port in PORTS.values())))
        stack.enter_context(one_envoy(folder, graph, list(_proxies(town)), sds_socket=str(agent)))
        yield town
