"""Layout of the demo: its proxies and applications with their addresses.

Pure: it is computed from a linked mesh and a network number; :mod:`gitmesh.demo.addresses` then
checks that the addresses are free.
"""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from mesh.errors import UsageError
from mesh.graph.ports import service_ports
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.spec import VirtualGatewaySpec, VirtualNodeSpec

ENDPOINTS_INSTANCES = 2
"""Number of proxies of a virtual node whose name resolves to every instance."""


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True)


class Ports(_Plan):
    """The ports that are not in the specs: of the xDS server, the DNS server and Envoys'
    administration."""

    xds: int
    dns: int
    admin: int


class Call(_Plan):
    """A backend of an application: its host name, and the address of the sidecar through which it
    is called."""

    service: str
    address: str
    port: int
    protocol: str


class App(_Plan):
    """An application: its name, its address, and its backends."""

    node: str
    address: str
    ports: tuple[tuple[int, str], ...]
    calls: tuple[Call, ...]


class Proxy(_Plan):
    """One Envoy: its node and its addresses."""

    node_id: str
    name: str
    """Unique name, such as ``catalog-2``."""
    ingress: str
    egress: str
    application: str
    admin: str


class Layout(_Plan):
    """Everything that the demo runs besides the server."""

    address: str
    """Address on which the server and the name server listen."""
    ports: Ports
    names: dict[str, tuple[str, ...]]
    """Addresses by host name, for every virtual node found by DNS."""
    apps: tuple[App, ...]
    proxies: tuple[Proxy, ...]
    door: tuple[str, int]
    """The gateway's address for outside traffic."""
    places: tuple[tuple[str, int], ...]
    """Every address and TCP port that something will listen on."""


def plan_layout(graph: MeshGraph, network: tuple[int, int], ports: Ports) -> Layout:
    """Assign each virtual node and gateway its proxies, on addresses in 127.<network>.0/24.

    :raises UsageError: the mesh has no gateway, or uses a protocol that the demo does not support.
    """
    proxies: list[Proxy] = []
    apps: list[App] = []
    names: dict[str, tuple[str, ...]] = {}
    doors: list[tuple[str, int]] = []
    addresses = _addresses(network)
    server = next(addresses)
    for key, instances in _crew(graph):
        mine = [_proxy(key, i, addresses) for i in range(instances)]
        proxies += mine
        if gateway := graph.gateway(key.mesh, key.name):
            doors += [(mine[0].ingress, port) for port in _gateway_ports(gateway)]
        if node := graph.node(key.mesh, key.name):
            apps += [_app(graph, key, node, proxy) for proxy in mine]
            if node.service_discovery and node.service_discovery.dns:
                host = node.service_discovery.dns.hostname
                names[host] = (*names.get(host, ()), *(p.ingress for p in mine))
    if not doors:
        raise UsageError("the mesh has no virtual gateway to send requests to")
    places = [(server, ports.xds), *doors]
    places += [(app.address, port) for app in apps for port, _ in app.ports]
    places += [(call.address, call.port) for app in apps for call in app.calls]
    places += [(proxy.admin, ports.admin) for proxy in proxies]
    return Layout(
        address=server,
        ports=ports,
        names=names,
        apps=tuple(apps),
        proxies=tuple(proxies),
        door=doors[0],
        places=tuple(dict.fromkeys(places)),
    )


def listening_ports(graph: MeshGraph) -> set[int]:
    """Return every port that something in the mesh listens on."""
    found: set[int] = set()
    for key in graph.resources:
        if gateway := graph.gateway(key.mesh, key.name):
            found.update(_gateway_ports(gateway))
        if node := graph.node(key.mesh, key.name):
            found.update(each.port_mapping.port for each in node.listeners or ())
        if key.kind is Kind.VIRTUAL_SERVICE:
            found.update(mapping.port for mapping in service_ports(graph, key.mesh, key.name))
    return found


def _addresses(network: tuple[int, int]) -> Iterator[str]:
    for host in range(1, 255):
        yield f"127.{network[0]}.{network[1]}.{host}"


def _crew(graph: MeshGraph) -> Iterator[tuple[ResourceKey, int]]:
    """Yield each virtual node and gateway with its number of proxies."""
    for key in sorted(graph.resources):
        if key.kind is Kind.VIRTUAL_GATEWAY:
            yield key, 1
        elif key.kind is Kind.VIRTUAL_NODE:
            node = graph.node(key.mesh, key.name)
            discovery = node.service_discovery if node else None
            dns = discovery.dns if discovery else None
            yield key, ENDPOINTS_INSTANCES if dns and dns.response_type == "ENDPOINTS" else 1


def _proxy(key: ResourceKey, index: int, addresses: Iterator[str]) -> Proxy:
    ingress, egress = next(addresses), next(addresses)
    application = "" if key.kind is Kind.VIRTUAL_GATEWAY else next(addresses)
    name = key.name if index == 0 else f"{key.name}-{index + 1}"
    return Proxy(
        node_id=str(key),
        name=name,
        ingress=ingress,
        egress=egress,
        application=application,
        admin=egress,
    )


def _app(graph: MeshGraph, key: ResourceKey, node: VirtualNodeSpec, proxy: Proxy) -> App:
    ports = [(x.port_mapping.port, x.port_mapping.protocol) for x in node.listeners or ()]
    if odd := [protocol for _, protocol in ports if protocol not in ("http", "tcp")]:
        raise UsageError(f"{key}: the demo has no application that speaks {odd[0]}")
    backends = [
        b.virtual_service.virtual_service_name for b in node.backends or () if b.virtual_service
    ]
    calls = [
        Call(service=name, address=proxy.egress, port=mapping.port, protocol=mapping.protocol)
        for name in backends
        for mapping in service_ports(graph, key.mesh, name)
    ]
    return App(node=key.name, address=proxy.application, ports=tuple(ports), calls=tuple(calls))


def _gateway_ports(gateway: VirtualGatewaySpec) -> list[int]:
    return [listener.port_mapping.port for listener in gateway.listeners]
