"""Meshes with random routes, and requests to them through a real Envoy without a control plane.

Every route has its own target nodes, each on its own port of one address, so the application that
answers identifies the route.
"""

import asyncio
import random
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from mesh.canonical import Json, JsonObject
from mesh.graph.ports import resource_ports
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link
from mesh.resource import Resource, spec_json
from mesh.routing import Request
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_gateway, a_mesh, a_node, a_router, a_service, resource
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

_ADMIN = free_port()
WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
FRONT = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")
PORTS = (free_port(), free_port())
"""Ports of the services; only the last service has the second one."""
ENTRANCES = (free_port(), free_port())
SERVICES = ("cart.local", "Shop.Local", "calls.local", "many.local")
"""Names of the services; one has only gRPC routes."""
RAW = {f"raw-{number}.local": (free_port(), free_port()) for number in range(6)}
"""TCP services, each with its own two ports."""
_RAW_ROUTERS = {service.partition(".")[0] for service in RAW}
_CONNECTIONS = 16
_STATUS = {"12": 404, "14": 503}
"""HTTP status for each gRPC status with which a proxy answers."""

_PREFIXES = ("/", "/a", "/a/", "/a/b", "/b", "/cart", "/cart/1", "/%20", "/test.Hello/")
_EXACT = ("/", "/a", "/a/", "/a/b", "/cart", "/cart/22", "/A", "/test.Hello/Say")
_REGEX = (
    *("/a/[0-9]+", "/.*", "/(a|b)/.*", "/cart(/.*)?", "[^x]*", r"/\w+", "(?i)/CART", "/a", "."),
    *("/a/?", "/.{1,3}", ".*/1", "/a|/b"),
)
_SEGMENTS = ("a", "b", "cart", "1", "22", "x", "A", "%61", "%2F", "%20", "caf%c3%a9", "", ".", "..")
_NAMES = (
    *("x-a", "X-B", "x-n", "host", ":method", ":path", ":scheme", ":authority"),
    *("x-request-id", "x-forwarded-proto", "content-type"),
)
_METADATA = ("x-a", "X-B", "x-n")
_VALUES = ("blue", "blueish", "red", "1", "5", "10", "-3", "+5", "007", "5x", "a", "", "9" * 20)
_QUERY = ("q", "v", "%71", "Q")
_METHODS = ("GET", "POST", "DELETE", "PUT", "HEAD")
_HOSTS = ("cart.local", "shop.local", "many.local", "CART.local", "shop.example.com", "a.local")


@cache
def _port(node: int, number: int) -> int:
    """Return the port of a node; some nodes have two, and a route selects one."""
    return free_port()


@dataclass(frozen=True)
class Reply:
    """The application that answered (None if the proxy did), and the request that it received."""

    status: int
    port: int | None = None
    path: str = ""
    host: str = ""


@dataclass
class Land:
    """A mesh with random routes, and the addresses of its proxies."""

    seed: int
    apps: str = field(default_factory=loopback_address)
    admin: str = field(default_factory=loopback_address)
    web: Explicit = field(
        default_factory=lambda: Explicit(loopback_address(), loopback_address(), "127.0.0.1")
    )
    front: Explicit = field(
        default_factory=lambda: Explicit(loopback_address(), loopback_address())
    )

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._nodes: list[Resource] = []
        self.graph = self._grown()

    def _grown(self) -> MeshGraph:
        routers = [service.partition(".")[0].lower() for service in SERVICES]
        routes = [
            self._route(router, number)
            for router, most in zip(routers, (8, 25, 25, 60), strict=True)
            for number in range(most)
        ]
        gateway_routes = [self._gateway_route(number) for number in range(40)]
        backends = [*SERVICES, "direct.local", *RAW]
        return link(
            [
                a_mesh(),
                a_node("web", PORTS[0], backends=backends, hostname="unused"),
                *(a_router(router, PORTS[0]) for router in routers[:-1]),
                a_router(routers[-1], *PORTS),
                *(a_service(s, router=r) for s, r in zip(SERVICES, routers, strict=True)),
                a_service("direct.local", node=self._node(PORTS[0])),
                a_gateway("front", *ENTRANCES),
                *routes,
                *gateway_routes,
                *self._connections(),
                *self._nodes,
            ]
        )

    def _node(self, *ports: int, protocol: str = "http") -> str:
        number = len(self._nodes)
        name = f"n{number}"
        listening = [(port, protocol) for port in ports or (_port(number, 0),)]
        self._nodes.append(a_node(name, *listening, hostname=self.apps))
        return name

    def _target(self, weight: int, protocol: str = "http") -> Json:
        if self.random.random() < 0.7:
            return {"virtualNode": self._node(protocol=protocol), "weight": weight}
        ports = (_port(len(self._nodes), 0), _port(len(self._nodes), 1))
        node, port = self._node(*ports, protocol=protocol), self.random.choice(ports)
        return {"virtualNode": node, "weight": weight, "port": port}

    def _targets(self, protocol: str = "http") -> JsonObject:
        weights = self.random.choice(((1,), (1,), (1,), (1,), (1, 2), (1, 0), (0,)))
        return {"weightedTargets": [self._target(each, protocol) for each in weights]}

    def _route(self, router: str, number: int) -> Resource:
        choose = self.random
        action = self._targets()
        port = self._port(PORTS) if router == "many" else {}
        spec: JsonObject
        if choose.random() < (1 if router == "calls" else 0.15):
            match = {**self._call("methodName"), **port}
            spec = {"grpcRoute": {"match": match, "action": action}}
        else:
            match = self._match(choose.choice((None, None, None, "http", "https")), "scheme")
            spec = {"httpRoute": {"match": {**match, **port}, "action": action}}
        key = ResourceKey.of(Kind.ROUTE, "shop", f"r{number:02}", router)
        return resource(key, {**self._priority(), **spec})

    def _connections(self) -> Iterator[Resource]:
        """Return TCP routes: the first in order takes every connection."""
        for service, ports in RAW.items():
            router = service.partition(".")[0]
            yield a_service(service, router=router)
            yield a_router(router, *((port, "tcp") for port in ports))
            for number in range(6):
                body: JsonObject = {"action": self._targets("tcp"), "match": self._port(ports)}
                key = ResourceKey.of(Kind.ROUTE, "shop", f"t{number}", router)
                yield resource(key, {**self._priority(), "tcpRoute": body})

    def _port(self, ports: Sequence[int]) -> JsonObject:
        """Return the target port of a route; without one it takes nothing if there are several."""
        at = self.random.choice((*ports, *ports, *ports, None))
        return {} if at is None else {"port": at}

    def _gateway_route(self, number: int) -> Resource:
        choose = self.random
        service = choose.choice((*SERVICES, "direct.local"))
        target: JsonObject = {"virtualService": {"virtualServiceName": service}}
        if service == SERVICES[-1]:
            target |= self._port(PORTS)
        action: JsonObject = {"target": target}
        if choose.random() < 0.3:
            match = {**self._call(""), **self._hostname(), **self._port(ENTRANCES)}
            rewrite = self._rewrite({})
            spec: JsonObject = {"grpcRoute": {"match": match, "action": {**action, **rewrite}}}
        else:
            match = {**self._match(None, ""), **self._hostname(), **self._port(ENTRANCES)}
            rewrite = self._rewrite(match)
            spec = {"httpRoute": {"match": match, "action": {**action, **rewrite}}}
        key = ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", f"g{number:02}", "front")
        return resource(key, {**self._priority(), **spec})

    def _priority(self) -> JsonObject:
        at = self.random.choice((None, None, 0, 1, 1, 5, 1000))
        return {} if at is None else {"priority": at}

    def _match(self, scheme: str | None, field_: str) -> JsonObject:
        choose = self.random
        match: JsonObject = {} if scheme is None else {field_: scheme}
        kind = choose.random()
        if kind < 0.55:
            match["prefix"] = choose.choice(_PREFIXES)
        elif kind < 0.75:
            match["path"] = {"exact": choose.choice(_EXACT)}
        else:
            match["path"] = {"regex": choose.choice(_REGEX)}
        if choose.random() < 0.25:
            match["method"] = choose.choice(_METHODS)
        if headers := self._headers():
            match["headers"] = headers
        if choose.random() < 0.2:
            match["queryParameters"] = [self._parameter() for _ in range(choose.choice((1, 1, 2)))]
        return match

    def _call(self, method: str) -> JsonObject:
        choose = self.random
        match: JsonObject = {}
        if choose.random() < 0.7:
            match["serviceName"] = choose.choice(("test.Hello", "test.Bye"))
            if method and choose.random() < 0.5:
                match[method] = choose.choice(("Say", "Sing"))
        if choose.random() < 0.8:
            match["metadata"] = [self._header(_METADATA) for _ in range(choose.choice((1, 1, 2)))]
        return match

    def _hostname(self) -> JsonObject:
        choose = self.random.random()
        if choose < 0.6:
            return {}
        if choose < 0.8:
            return {"hostname": {"exact": self.random.choice(_HOSTS)}}
        return {"hostname": {"suffix": self.random.choice((".local", "example.com", "Local"))}}

    def _headers(self) -> list[Json]:
        return [self._header() for _ in range(self.random.choice((0, 0, 0, 1, 1, 2)))]

    def _header(self, names: Sequence[str] = _NAMES) -> Json:
        choose = self.random
        header: JsonObject = {"name": choose.choice(names)}
        if choose.random() < 0.5:
            header["invert"] = choose.choice((True, True, True, False))
        kind = choose.choice(("", "exact", "prefix", "suffix", "regex", "range"))
        if header["name"] == "x-request-id":
            kind = ""  # the value is random
        value = choose.choice([each for each in _VALUES if each])
        if kind == "range":
            start = choose.randrange(-5, 10)
            header["match"] = {"range": {"start": start, "end": start + choose.randrange(1, 9)}}
        elif kind == "regex":
            header["match"] = {"regex": choose.choice(("bl.*", "[0-9]+", "blue|red", ".*", "/a.*"))}
        elif kind:
            header["match"] = {kind: choose.choice((value, value[:2], *_METHODS[:2], "http"))}
        return header

    def _parameter(self) -> Json:
        name = self.random.choice(_QUERY)
        if self.random.random() < 0.5:
            return {"name": name}
        return {"name": name, "match": {"exact": self.random.choice(("", "1", "x", "%31"))}}

    def _rewrite(self, match: JsonObject) -> JsonObject:
        choose = self.random
        rewrite: JsonObject = {}
        if choose.random() < 0.3:
            rewrite["hostname"] = {
                "defaultTargetHostname": choose.choice(("DISABLED", "DISABLED", "ENABLED"))
            }
        if "path" in match and choose.random() < 0.4:
            rewrite["path"] = {"exact": choose.choice(("/a", "/cart/22", "/a\\1b", "/x//y"))}
        elif "prefix" in match and choose.random() < 0.7:
            value = choose.choice(("DISABLED", "ENABLED", "/", "/a/", "/cart/", "/a/../b/"))
            rewrite["prefix"] = {("value" if value[0] == "/" else "defaultPrefix"): value}
        return {"rewrite": rewrite} if rewrite else {}

    def request(self, *, gateway: bool) -> Request:
        """Return a random request that a proxy accepts."""
        choose = self.random
        headers = {
            name.lower(): choose.choice(_VALUES)
            for name in ("x-a", "x-b", "x-n")
            if choose.random() < 0.5
        }
        if choose.random() < 0.15:
            headers["x-forwarded-proto"] = choose.choice(("http", "https", "HTTPS", "ftp", ""))
        if choose.random() < 0.1:
            headers["x-app-mesh-virtual-service"] = choose.choice(SERVICES)
        if choose.random() < 0.2:
            kinds = ("application/grpc", "application/grpc+proto", "application/grpcx", "text/html")
            headers["content-type"] = choose.choice(kinds)
        port = choose.choice(ENTRANCES if gateway else (PORTS[0], *PORTS))
        hosts = (*_HOSTS, "direct.local") if gateway else (*SERVICES, *_HOSTS)
        host = SERVICES[-1] if port == PORTS[1] else choose.choice(hosts)
        if choose.random() < 0.2:
            host += f":{choose.choice((*PORTS, *ENTRANCES, 80))}"
        request = Request(choose.choice(_METHODS), self._path(), host, port, None, headers)
        return self._aimed(request, gateway=gateway) if choose.random() < 0.75 else request

    def _aimed(self, request: Request, *, gateway: bool) -> Request:
        """Return the request with some properties that one of the routes matches."""
        choose = self.random
        kind = Kind.GATEWAY_ROUTE if gateway else Kind.ROUTE
        of_kind = [r for key, r in self.graph.resources.items() if key.kind is kind]
        route = choose.choice([each for each in of_kind if each.key.parent not in _RAW_ROUTERS])
        spec: Any = spec_json(route.spec)
        match = (spec.get("httpRoute") or spec["grpcRoute"])["match"]
        headers = dict(request.headers)
        for each in match.get("headers") or match.get("metadata") or ():
            if not each["name"].startswith(":") and each["name"] != "host":
                headers[each["name"].lower()] = self._value_for(each.get("match"))
                if each.get("invert") and choose.random() < 0.7:
                    del headers[each["name"].lower()]
                    if "match" in each:
                        headers[each["name"].lower()] = choose.choice(_VALUES)
        if "grpcRoute" in spec:
            headers["content-type"] = "application/grpc"
            method = match.get("methodName", "Sing")
            path = f"/{match.get('serviceName', 'test.Hello')}/{method}"
        else:
            path = self._path_for(match)
        host = match.get("hostname", {}).get("exact", request.host) if gateway else request.host
        if not gateway and choose.random() < 0.9:
            host = next(s for s in SERVICES if s.lower().startswith(route.key.parent))
        method = match.get("method", request.method)
        port = match.get("port", request.port)
        return replace(request, path=path, host=host, headers=headers, method=method, port=port)

    def ports_of_tcp(self) -> list[Request]:
        """Return a request to each TCP port; its content does not matter."""
        ports = dict(RAW)
        return [Request(host=name, port=port) for name in ports for port in ports[name]]

    def connect(self, times: int) -> Iterator[tuple[Request, set[int]]]:
        """Connect to each TCP port; return the requests and the ports that answered."""
        for request in self.ports_of_tcp():
            yield request, {at for _ in range(times) for at in self._connected(request)}

    def _connected(self, request: Request) -> Iterator[int]:
        """Return the port that answers a new connection, or None if it is refused or ended."""
        assert request.port
        with suppress(ConnectionError), closing(_Connection(self.web.egress, request.port)) as made:
            made.send(request)
            answered = made.reply(request.method).port
            assert answered
            yield answered

    def _value_for(self, match: Any) -> str:
        choose = self.random
        kind, value = next(iter((match or {"exact": "x"}).items()))
        if kind == "range":
            return str(choose.choice((value["start"], value["end"], value["end"] - 1)))
        around = {"exact": value, "prefix": f"{value}z", "suffix": f"z{value}"}
        return around.get(kind) or choose.choice(("blue", "10"))

    def _path_for(self, match: Any) -> str:
        choose = self.random
        path = match.get("path", {}).get("exact") or match.get("prefix")
        path = path or choose.choice(("/a/1", "/cart/22", "/b/1", "/1", "/a"))
        if "prefix" in match:
            path += choose.choice(("", "", "x", "/x", "/1"))
        query = [
            each["name"] + "=" + each.get("match", {}).get("exact", "x")
            for each in match.get("queryParameters", ())
        ]
        return path + ("?" + "&".join(query) if query else "")

    def _path(self) -> str:
        choose = self.random
        if choose.random() < 0.1:
            path = f"/test.{choose.choice(('Hello', 'Bye'))}/{choose.choice(('Say', 'Sing', ''))}"
        elif choose.random() < 0.3:
            path = choose.choice(_EXACT)
        else:
            path = "".join(f"/{choose.choice(_SEGMENTS)}" for _ in range(choose.randrange(1, 5)))
        if choose.random() < 0.35:
            several = (self._pair() for _ in range(choose.choice((1, 1, 2, 3))))
            path += "?" + "&".join(several)
        return path

    def _pair(self) -> str:
        choose = self.random
        return choose.choice(_QUERY) + choose.choice(("", "=", "=1", "=x", "=%31", "=1=2"))

    @contextmanager
    def running(self, folder: Path) -> Iterator["Land"]:
        """Run the applications and the Envoy that is both proxies, until the end of the block."""
        config = static_bootstrap(
            [
                translate(self.graph, ProxyIdentity(WEB, self.web)),
                translate(self.graph, ProxyIdentity(FRONT, self.front)),
            ],
            admin=(self.admin, _ADMIN),
        )
        ports = {mapping.port for node in self._nodes for mapping in resource_ports(node)}
        with _answering(self.apps, sorted(ports)), running(config, folder):
            wait_until_ready(self.admin, _ADMIN, folder)
            yield self

    def ask(self, requests: Sequence[Request], *, gateway: bool) -> Iterator[Reply]:
        """Send requests, one at a time on each of several connections; return the replies."""
        address = self.front.ingress if gateway else self.web.egress
        with ExitStack() as stack:
            opened: dict[tuple[int, int], _Connection] = {}

            def connection_to(port: int, number: int) -> _Connection:
                if (port, number) not in opened:
                    opened[port, number] = stack.enter_context(closing(_Connection(address, port)))
                return opened[port, number]

            for start in range(0, len(requests), _CONNECTIONS):
                several = requests[start : start + _CONNECTIONS]
                batch = [(r, connection_to(r.port or 0, n)) for n, r in enumerate(several)]
                for request, connection in batch:
                    connection.send(request)
                yield from (connection.reply(request.method) for request, connection in batch)


class _Connection:
    """A persistent connection."""

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.create_connection((address, port), timeout=20)
        self._answers = self._socket.makefile("rb")

    def send(self, request: Request) -> None:
        lines = [f"{request.method} {request.path} HTTP/1.1", f"host: {request.host}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        self._socket.sendall("\r\n".join([*lines, "content-length: 0", "", ""]).encode())

    def reply(self, method: str) -> Reply:
        first = self._answers.readline()
        if not first:
            raise ConnectionResetError("it ended without a word")
        status = int(first.split()[1])
        headers = {}
        while text := self._answers.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = text.partition(":")
            headers[name] = value.strip()
        if method != "HEAD":
            self._answers.read(int(headers.get("content-length", "0")))
        if "x-answer-port" not in headers:
            return Reply(_STATUS.get(headers.get("grpc-status", ""), status))
        port, path, host = (headers[f"x-answer-{each}"] for each in ("port", "path", "host"))
        return Reply(status, int(port), path, host)

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


class _Answering(asyncio.Protocol):
    """An application that answers with its port and the request."""

    def __init__(self, opened: set[asyncio.Transport]) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.add(transport)
        self._port = transport.get_extra_info("sockname")[1]
        self._text = b""

    def data_received(self, data: bytes) -> None:
        self._text += data
        while b"\r\n\r\n" in self._text:
            head, _, self._text = self._text.partition(b"\r\n\r\n")
            first, *headers = head.decode("latin-1").split("\r\n")
            host = next(each[6:] for each in headers if each.lower().startswith("host: "))
            answer = (
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"
                f"x-answer-port: {self._port}\r\nx-answer-path: {first.split()[1]}\r\n"
                f"x-answer-host: {host}\r\n\r\n"
            )
            self._transport.write(answer.encode("latin-1"))


@contextmanager
def _answering(address: str, ports: Sequence[int]) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    opened: set[asyncio.Transport] = set()
    ready, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        servers = [
            await loop.create_server(lambda: _Answering(opened), address, port) for port in ports
        ]
        ready.set()
        await done.wait()
        for server in servers:
            server.close()
        for transport in opened:
            transport.abort()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(20), "the applications do not listen"
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()
