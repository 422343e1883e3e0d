"""The mesh of the test bed: the tables of ``cases``, and other features of routes.

Its nodes ``one-http``, ``two-grpc`` and so on are the two possible targets of a request. Matching
requests of a case go to ``two``, others to ``one``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from tests.support.crossroads.cases import (
    PROTOCOLS,
    anywhere,
    cases,
    grpc_route_pairs,
    pairs,
    route_cases,
)
from tests.support.loopback import free_port
from tests.support.meshes import (
    a_cloud_node,
    a_mesh,
    a_node,
    a_router,
    a_service,
    registered,
    resource,
)

PORT: Final = {protocol: free_port() for protocol in ("http", "http2", "grpc", "tcp")}
"""Ports of applications and services."""
SECOND: Final = {protocol: free_port() for protocol in PORT}
"""Second ports of applications with two listeners."""
TCP_SERVICES: Final = {name: free_port() for name in ("weights", "targets", "first", "idle", "off")}
"""TCP services, each with its own port, because only the port distinguishes them."""

IDLE: Final[JsonObject] = {"value": 700, "unit": "ms"}
SHORT: Final[JsonObject] = {"value": 300, "unit": "ms"}
OFF: Final[JsonObject] = {"value": 0, "unit": "s"}
TIMEOUTS: Final[Mapping[str, JsonObject]] = {
    "default": {},
    "short": {"perRequest": SHORT},
    "off": {"perRequest": OFF, "idle": OFF},
    "idle": {"perRequest": OFF, "idle": IDLE},
}
LISTENERS: Final = {(protocol, name): free_port() for protocol in PROTOCOLS for name in TIMEOUTS}
"""Listeners of the node ``slow``, each with the timeouts of that name."""
TCP_LISTENERS: Final = {"idle": free_port(), "off": free_port()}
"""Those of TCP."""

EVENTS: Final[Mapping[str, JsonObject]] = {
    **{
        event: {"httpRetryEvents": [event]}
        for event in ("server-error", "gateway-error", "client-error", "stream-error")
    },
    "connection-error": {"tcpRetryEvents": ["connection-error"]},
}
GRPC_EVENTS: Final = {
    "cancelled": 1,
    "deadline-exceeded": 4,
    "resource-exhausted": 8,
    "internal": 13,
    "unavailable": 14,
}
"""gRPC retry events, each with its status."""


def crossroads(addresses: Mapping[str, str]) -> list[Resource]:
    """Return the mesh; ``addresses`` are those of its nodes, and of ``nobody``, which never
    answers."""
    services = [f"{name}-{p}.local" for name in SERVICES for p in PROTOCOLS]
    return [
        a_mesh(),
        a_node("web", backends=[*services, *(f"{n}-tcp.local" for n in TCP_SERVICES)]),
        *_nodes(addresses),
        *(each for protocol in PROTOCOLS for each in _services(protocol)),
        *_tcp(),
        *_slow(addresses["slow"]),
    ]


SERVICES: Final = ("matching", "weights", "targets", "ports", "retries", "instances", "timeouts")


def a_policy(events: JsonObject, *, times: int = 1, wait_ms: int = 5000) -> JsonObject:
    wait: JsonObject = {"value": wait_ms, "unit": "ms"}
    return {"maxRetries": times, "perRetryTimeout": wait, **events}


def _nodes(addresses: Mapping[str, str]) -> Iterator[Resource]:
    for p in (*PROTOCOLS, "tcp"):
        for name in ("one", "two"):
            yield a_node(f"{name}-{p}", (PORT[p], p), hostname=addresses[name])
        yield a_node(f"both-{p}", (PORT[p], p), (SECOND[p], p), hostname=addresses["both"])
    for p in PROTOCOLS:
        yield a_cloud_node(f"pair-{p}", (PORT[p], p), service="pair")
        yield a_cloud_node(f"half-{p}", (PORT[p], p), service="half")
    for service, names in (("pair", ("one", "two")), ("half", ("one", "nobody"))):
        yield registered(service, *({"AWS_INSTANCE_IPV4": addresses[name]} for name in names))


def _services(protocol: str) -> Iterator[Resource]:
    for name in ("one", "two"):
        yield a_service(f"{name}-{protocol}.local", node=f"{name}-{protocol}")
    for name in SERVICES:
        yield a_service(f"{name}-{protocol}.local", router=f"{name}-{protocol}")
        second = [(SECOND[protocol], protocol)] if name == "ports" else []
        yield a_router(f"{name}-{protocol}", (PORT[protocol], protocol), *second)
    yield from _matching(protocol)
    yield from _weights(protocol)
    yield from _retries(protocol)
    yield from _instances(protocol)
    for name, timeout in TIMEOUTS.items():
        yield _route("timeouts", protocol, name, ["one"], timeout=timeout)


def _route(
    router: str,
    protocol: str,
    name: str,
    targets: Sequence[str | JsonObject],
    match: JsonObject | None = None,
    *,
    priority: int | None = None,
    **more: JsonObject,
) -> Resource:
    """Return a route of ``router``, by default for everything under its name."""
    weighted: list[Json] = [
        {"virtualNode": f"{each}-{protocol}", "weight": 1} if isinstance(each, str) else each
        for each in targets
    ]
    body: JsonObject = {"action": {"weightedTargets": weighted}, **more}
    if protocol != "tcp" or match is not None:
        body["match"] = anywhere(protocol, name) if match is None else match
    spec: JsonObject = {f"{protocol}Route": body}
    if priority is not None:
        spec["priority"] = priority
    return resource(ResourceKey.of(Kind.ROUTE, "shop", name, f"{router}-{protocol}"), spec)


def _matching(protocol: str) -> Iterator[Resource]:
    for case in (*cases(protocol), *route_cases(protocol)):
        yield _route("matching", protocol, case.name, ["two"], case.match)
    yield _route(
        "matching", protocol, "rest", ["one"], {} if protocol == "grpc" else {"prefix": "/"}
    )
    more = grpc_route_pairs() if protocol == "grpc" else ()
    for pair in (*pairs(protocol), *more):
        for name, target, match, priority in pair.sides():
            yield _route("matching", protocol, name, [target], match, priority=priority)
    if protocol != "grpc":
        tunnel: JsonObject = {"prefix": "/", "method": "CONNECT"}
        yield _route("matching", protocol, "connect", ["two"], tunnel)


def _weights(protocol: str) -> Iterator[Resource]:
    yield _route("weights", protocol, "all", _shares(protocol), _everything(protocol))
    second: JsonObject = {
        "virtualNode": f"both-{protocol}",
        "weight": 1,
        "port": SECOND[protocol],
    }
    yield _route("targets", protocol, "all", [second], _everything(protocol))
    for name, port in (("one", PORT[protocol]), ("two", SECOND[protocol])):
        match: JsonObject = {**_everything(protocol), "port": port}
        yield _route("ports", protocol, name, [name], match)


def _everything(protocol: str) -> JsonObject:
    return {"prefix": "/"} if protocol.startswith("http") else {}


def _shares(protocol: str) -> list[JsonObject]:
    return [
        {"virtualNode": f"one-{protocol}", "weight": 60},
        {"virtualNode": f"two-{protocol}", "weight": 20},
        {"virtualNode": f"both-{protocol}", "weight": 0, "port": PORT[protocol]},
    ]


def _retries(protocol: str) -> Iterator[Resource]:
    events = dict(EVENTS)
    if protocol == "grpc":
        events |= {event: {"grpcRetryEvents": [event]} for event in GRPC_EVENTS}
    policies = {name: a_policy(written) for name, written in events.items()}
    policies |= {
        "three": a_policy(EVENTS["server-error"], times=3),
        "never": a_policy(EVENTS["server-error"], times=0),
        "hasty": a_policy(EVENTS["server-error"], wait_ms=300),
        "hasty-once": a_policy(EVENTS["client-error"], wait_ms=300),
    }
    yield _route("retries", protocol, "default", ["one"])
    hurried: JsonObject = {
        "virtualNode": "slow",
        "weight": 1,
        "port": LISTENERS[protocol, "short"],
    }
    yield _route("retries", protocol, "hurried", [hurried])
    three = a_policy(EVENTS["server-error"], times=3, wait_ms=400)
    both: JsonObject = {"perRequest": {"value": 700, "unit": "ms"}}
    yield _route("retries", protocol, "shared", ["one"], retryPolicy=three, timeout=both)
    for name, policy in policies.items():
        yield _route("retries", protocol, name, ["one"], retryPolicy=policy)


def _instances(protocol: str) -> Iterator[Resource]:
    """Yield routes to several instances of one node: a retry goes to another instance."""
    yield _route(
        "instances", protocol, "pair", ["pair"], retryPolicy=a_policy(EVENTS["server-error"])
    )
    for event in ("connection-error", "client-error"):
        policy = a_policy(EVENTS[event])
        yield _route("instances", protocol, event, ["half"], retryPolicy=policy)


def _tcp() -> Iterator[Resource]:
    for name, port in TCP_SERVICES.items():
        yield a_service(f"{name}-tcp.local", router=f"{name}-tcp")
        # What is called on the port after it goes elsewhere.
        second = [(port + 10, "tcp")] if name == "targets" else []
        yield a_router(f"{name}-tcp", (port, "tcp"), *second)
    yield _route("weights", "tcp", "all", _shares("tcp"))
    for offset, port in ((0, PORT["tcp"]), (10, SECOND["tcp"])):
        target: JsonObject = {"virtualNode": "both-tcp", "weight": 1, "port": port}
        match: JsonObject = {"port": TCP_SERVICES["targets"] + offset}
        yield _route("targets", "tcp", f"to-{port}", [target], match)
    yield _route("first", "tcp", "a-later", ["one"], priority=1)
    yield _route("first", "tcp", "z-first", ["two"], priority=0)
    for name in TCP_LISTENERS:
        yield _route(name, "tcp", "all", ["one"], timeout={"idle": TIMEOUTS[name]["idle"]})


def _slow(address: str) -> Iterator[Resource]:
    """Return a node with a listener for each timeout, with calls to itself."""
    listeners: list[Json] = [
        {
            "portMapping": {"port": port, "protocol": protocol},
            **({"timeout": {protocol: TIMEOUTS[name]}} if TIMEOUTS[name] else {}),
        }
        for (protocol, name), port in LISTENERS.items()
    ]
    tcp: list[Json] = [
        {
            "portMapping": {"port": port, "protocol": "tcp"},
            "timeout": {"tcp": {"idle": TIMEOUTS[name]["idle"]}},
        }
        for name, port in TCP_LISTENERS.items()
    ]
    spec: JsonObject = {
        "listeners": [*listeners, *tcp],
        "serviceDiscovery": {"dns": {"hostname": address}},
    }
    yield resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "slow"), spec)
