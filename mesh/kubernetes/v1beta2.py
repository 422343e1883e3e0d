"""Objects of ``appmesh.k8s.aws/v1beta2`` to manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.kubernetes.drafting import draft
from mesh.kubernetes.header import Header, read_header, read_selector
from mesh.kubernetes.objects import BACKEND_GROUP, Draft, Manifest, ObjectId, Readers, Reference
from mesh.kubernetes.spelling import Dialect, Spelling
from mesh.parsing.document import Document
from mesh.problems.problem import Problem
from mesh.resource import Steps
from mesh.spec import VirtualNodeSpec
from mesh.spec.common import PortMapping

_DIALECT: Final = Dialect(
    {
        "certificateARN": "certificateArn",
        "certificateAuthorityARNs": "certificateAuthorityArns",
        "meshServiceDiscovery": "serviceDiscovery",
    }
)
_BESIDE: Final[Mapping[str, frozenset[str]]] = {
    Kind.MESH: frozenset({"namespaceSelector", "meshOwner"}),
    Kind.VIRTUAL_NODE: frozenset({"podSelector", "backendGroups"}),
    Kind.VIRTUAL_SERVICE: frozenset(),
    Kind.VIRTUAL_ROUTER: frozenset({"routes"}),
    Kind.VIRTUAL_GATEWAY: frozenset({"namespaceSelector", "podSelector", "gatewayRouteSelector"}),
    Kind.GATEWAY_ROUTE: frozenset({"virtualGatewayRef"}),
}
"""Fields of a spec that the API does not have, besides ``awsName`` and ``meshRef``."""


@dataclass(frozen=True, slots=True)
class Links:
    """References of a manifest to other objects, besides those in its spec."""

    mesh: Reference | None = None
    gateway: Reference | None = None
    groups: tuple[tuple[ObjectId, Steps], ...] = ()


def _read_kind(kind: Kind, document: Document) -> tuple[Manifest | None, list[Problem]]:
    header = read_header(document, kind)
    beside = _BESIDE[kind] | {"awsName", "meshRef"}
    body = {name: value for name, value in header.spec.items() if name not in beside}
    spelling = _spelling(header, beside)
    spelt = _spelt(spelling, body, ("spec",))
    parent_unknown = ""
    made, problems = draft(
        kind, header.aws_name or "unnamed", spelt, spelling, header.places(kind), parent_unknown
    )
    drafts = [made]
    if kind is Kind.VIRTUAL_ROUTER:
        routes, more = _routes(header)
        drafts += routes
        problems += more
    links = _links(header, spelling)
    namespaces = read_selector(header, "namespaceSelector")
    selected = read_selector(header, "gatewayRouteSelector")
    problems = [*header.problems, *spelling.problems, *problems]
    if header.id is None:
        return None, problems
    manifest = Manifest(
        header.id,
        header.source,
        header.aws_name,
        tuple(drafts),
        links.mesh,
        links.gateway,
        header.labels,
        namespaces,
        selected,
        links.groups,
        port=first_port(made),
    )
    return manifest, problems


def _spelling(header: Header, beside: frozenset[str] = frozenset()) -> Spelling:
    return Spelling(_DIALECT, header.namespace, header.source, beside=beside)


def _spelt(spelling: Spelling, body: JsonObject, stands: Steps) -> JsonObject:
    spelt = spelling.value(body, ("spec",), stands)
    return spelt if isinstance(spelt, dict) else {}


def first_port(made: Draft) -> PortMapping | None:
    """Return the port of a virtual node's first listener."""
    listeners = made.spec.listeners if isinstance(made.spec, VirtualNodeSpec) else None
    return listeners[0].port_mapping if listeners else None


def _routes(header: Header) -> tuple[list[Draft], list[Problem]]:
    routes = header.spec.get("routes")
    if routes is None:
        return [], []
    if not isinstance(routes, list):
        header.note(("spec", "routes"), "wrong-type", "routes must be a list")
        return [], []
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for at, route in enumerate(routes):
        made, found = _route(header, route, at)
        problems += found
        drafts += made
    return drafts, problems


def _route(header: Header, route: Json, at: int) -> tuple[list[Draft], list[Problem]]:
    stands: Steps = ("spec", "routes", at)
    if not isinstance(route, dict):
        header.note(stands, "wrong-type", "a route must be an object")
        return [], []
    name = route.get("name")
    named = isinstance(name, str) and 1 <= len(name) <= 255
    if not named:
        header.note(stands, "missing-name", "a route needs a name of 1 to 255 characters")
    spelling = _spelling(header)
    body = {key: value for key, value in route.items() if key != "name"}
    spelt = _spelt(spelling, body, stands)
    places: dict[Steps, Steps] = {
        **header.places(Kind.VIRTUAL_ROUTER),
        (): stands,
        ("spec",): stands,
        ("routeName",): (*stands, "name"),
    }
    text = str(name) if named else "unnamed"
    made, problems = draft(Kind.ROUTE, text, spelt, spelling, places, header.aws_name or "unnamed")
    return [made] if named else [], [*spelling.problems, *problems]


def _links(header: Header, spelling: Spelling) -> Links:
    mesh = gateway = None
    if header.spec.get("meshRef") is not None:
        mesh = spelling.reference(Kind.MESH, header.spec["meshRef"], ("spec", "meshRef"))
    if header.spec.get("virtualGatewayRef") is not None:
        place: Steps = ("spec", "virtualGatewayRef")
        gateway = spelling.reference(Kind.VIRTUAL_GATEWAY, header.spec["virtualGatewayRef"], place)
    groups = []
    for to, place in _list(header, spelling, "backendGroups", BACKEND_GROUP):
        groups.append((to.to, place))
    return Links(mesh, gateway, tuple(groups))


def _list(
    header: Header, spelling: Spelling, name: str, kind: str
) -> list[tuple[Reference, Steps]]:
    """Return the objects in a list of ``{name, namespace}``, with their positions."""
    items = header.spec.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        header.note(("spec", name), "wrong-type", f"{name} must be a list")
        return []
    found = []
    for at, item in enumerate(items):
        place: Steps = ("spec", name, at)
        reference = spelling.reference(kind, item, place)
        if reference is not None:
            found.append((reference, place))
    return found


def _read_group(document: Document) -> tuple[Manifest | None, list[Problem]]:
    header = read_header(document, BACKEND_GROUP)
    spelling = _spelling(header)
    named = _list(header, spelling, "virtualservices", Kind.VIRTUAL_SERVICE)
    problems = [*header.problems, *spelling.problems]
    if header.id is None:
        return None, problems
    members = tuple(reference for reference, _ in named)
    return Manifest(header.id, header.source, header.aws_name, members=members), problems


READERS: Final[Readers] = {
    **{kind.value: partial(_read_kind, kind) for kind in APP_MESH_KINDS if kind is not Kind.ROUTE},
    BACKEND_GROUP: _read_group,
}
"""Reader of each kind in this version. Routes are part of their router."""
