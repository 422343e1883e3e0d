"""Objects of ``appmesh.k8s.aws/v1beta1``, the form used before 2020, to manifests.

A virtual service contains its router and routes, objects name their mesh, and App Mesh names end in
``-<namespace>``. A router without listeners uses the first port of its first target.
"""

from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind
from mesh.kubernetes.drafting import draft
from mesh.kubernetes.header import Header, read_header
from mesh.kubernetes.objects import Draft, Manifest, ObjectId, Readers, Reference
from mesh.kubernetes.spelling import Dialect, Spelling
from mesh.kubernetes.v1beta2 import first_port
from mesh.parsing.document import Document
from mesh.problems.problem import Problem
from mesh.resource import Steps


def _namespaced(name: str, namespace: str) -> str:
    return f"{name.replace('.', '-')}-{namespace}"


def _target(spelling: Spelling, value: Json, at: Steps, here: Steps) -> tuple[str, Json]:
    if "weightedTargets" not in at[-2:] or not isinstance(value, str):
        return "virtualNodeName", value
    place = (*at, "virtualNode")
    spelling.places[place] = here
    # ``cart.shop`` is the node ``cart`` in the namespace ``shop``.
    name, _, namespace = value.partition(".")
    to = ObjectId(Kind.VIRTUAL_NODE, namespace or spelling.namespace, name)
    reference = Reference(to, _namespaced(name, to.namespace))
    spelling.names.append((place[1:], reference))
    return "virtualNode", reference.otherwise


def _millis(spelling: Spelling, value: Json, at: Steps, here: Steps) -> tuple[str, Json]:
    spelling.places[(*at, "perRetryTimeout", "value")] = here
    return "perRetryTimeout", {"unit": "ms", "value": value}


def _attributes(spelling: Spelling, value: Json, at: Steps, here: Steps) -> tuple[str, Json]:
    if not isinstance(value, dict):
        return "attributes", value
    for item, key in enumerate(value):
        for part in ((), ("key",), ("value",)):
            spelling.places[(*at, "attributes", item, *part)] = (*here, key)
    return "attributes", [{"key": key, "value": text} for key, text in value.items()]


_DIALECT: Final = Dialect(
    {
        "hostName": "hostname",
        "cloudMap": "awsCloudMap",
        "http": "httpRoute",
        "http2": "http2Route",
        "grpc": "grpcRoute",
        "tcp": "tcpRoute",
        "httpRetryPolicyEvents": "httpRetryEvents",
        "tcpRetryPolicyEvents": "tcpRetryEvents",
        "grpcRetryPolicyEvents": "grpcRetryEvents",
    },
    {
        "virtualNodeName": _target,
        "perRetryTimeoutMillis": _millis,
        "attributes": _attributes,
    },
)
_NODE_DIALECT: Final = Dialect(
    {"hostName": "hostname", "cloudMap": "awsCloudMap"}, {"attributes": _attributes}
)
"""For virtual nodes: their connection pools and timeouts keep a field named ``http``."""

_Read = tuple[Manifest | None, list[Problem]]


def _mesh_of(header: Header) -> Reference | None:
    name = header.spec.get("meshName")
    if isinstance(name, str) and name:
        return Reference(ObjectId(Kind.MESH, "", name), name)
    header.note(("spec",), "missing-name", "a v1beta1 object needs spec.meshName")
    return None


def _read_mesh(document: Document) -> _Read:
    header = read_header(document, Kind.MESH)
    beside = {"serviceDiscoveryType", "cloudMapNamespaceName"}
    body = {key: value for key, value in header.spec.items() if key not in beside}
    spelling = Spelling(_NODE_DIALECT, "", header.source)
    return _manifest(header, None, [_draft(header, Kind.MESH, body, spelling)])


def _read_node(document: Document) -> _Read:
    header = read_header(document, Kind.VIRTUAL_NODE)
    if header.id is not None:
        header.aws_name = _namespaced(header.id.name, header.namespace)
    body = {key: value for key, value in header.spec.items() if key != "meshName"}
    spelling = Spelling(_NODE_DIALECT, header.namespace, header.source)
    return _manifest(header, _mesh_of(header), [_draft(header, Kind.VIRTUAL_NODE, body, spelling)])


def _read_service(document: Document) -> _Read:
    header = read_header(document, Kind.VIRTUAL_SERVICE)
    if header.id is not None:
        header.aws_name = header.id.name
    router = header.spec.get("virtualRouter")
    said = router.get("name") if isinstance(router, dict) else None
    bare = said if isinstance(said, str) and said else header.aws_name or "unnamed"
    name = _namespaced(bare, header.namespace)
    unused = {"meshName", "virtualRouter", "routes"}
    body = {key: value for key, value in header.spec.items() if key not in unused}
    body["provider"] = {"virtualRouter": {"virtualRouterName": name}}
    spelling = Spelling(_DIALECT, header.namespace, header.source)
    provider: Steps = ("spec", "provider", "virtualRouter", "virtualRouterName")
    for depth in range(2, len(provider) + 1):
        spelling.places[provider[:depth]] = ("spec", "virtualRouter")
    service = _draft(header, Kind.VIRTUAL_SERVICE, body, spelling)
    routes = [*_routes(header, name)]
    mesh = _mesh_of(header)
    return _manifest(header, mesh, [service, _router(header, router, name, routes), *routes])


_Drafted = tuple[Draft, list[Problem]]


def _router(header: Header, router: Json, name: str, routes: list[_Drafted]) -> _Drafted:
    stands: Steps = ("spec", "virtualRouter")
    body = router if isinstance(router, dict) else {}
    body = {key: value for key, value in body.items() if key != "name"}
    spelling = Spelling(_DIALECT, header.namespace, header.source)
    spelt = _spelt(spelling, body, stands)
    places = {
        **header.places(Kind.VIRTUAL_SERVICE),
        (): stands,
        ("spec",): stands,
        ("virtualRouterName",): (*stands, "name"),
    }
    made, problems = draft(Kind.VIRTUAL_ROUTER, name, spelt, spelling, places)
    targets = [to for route, _ in routes for _, to in route.names]
    if targets and not body.get("listeners"):
        made = Draft(made.kind, name, "", made.spec, made.source, made.names, targets[0])
    return made, problems


def _routes(header: Header, router: str) -> list[_Drafted]:
    routes = header.spec.get("routes")
    if routes is not None and not isinstance(routes, list):
        header.note(("spec", "routes"), "wrong-type", "routes must be a list")
    listed = enumerate(routes if isinstance(routes, list) else ())
    return [_route(header, route, at, router) for at, route in listed]


def _route(header: Header, route: Json, at: int, router: str) -> _Drafted:
    stands: Steps = ("spec", "routes", at)
    body = route if isinstance(route, dict) else {}
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 255:
        header.note(stands, "missing-name", "a route needs a name of 1 to 255 characters")
    spelling = Spelling(_DIALECT, header.namespace, header.source)
    body = {key: value for key, value in body.items() if key != "name"}
    spelt = _spelt(spelling, body, stands)
    places: dict[Steps, Steps] = {
        **header.places(Kind.VIRTUAL_SERVICE),
        (): stands,
        ("spec",): stands,
        ("virtualRouterName",): ("spec", "virtualRouter"),
        ("routeName",): (*stands, "name"),
    }
    named = _namespaced(str(name), header.namespace)
    return draft(Kind.ROUTE, named, spelt, spelling, places, router)


def _draft(header: Header, kind: Kind, body: JsonObject, spelling: Spelling) -> _Drafted:
    spelt = _spelt(spelling, body, ("spec",))
    return draft(kind, header.aws_name or "unnamed", spelt, spelling, header.places(kind))


def _spelt(spelling: Spelling, body: JsonObject, stands: Steps) -> JsonObject:
    spelt = spelling.value(body, ("spec",), stands)
    return spelt if isinstance(spelt, dict) else {}


def _manifest(header: Header, mesh: Reference | None, drafted: list[_Drafted]) -> _Read:
    problems = [*header.problems, *(problem for _, found in drafted for problem in found)]
    if header.id is None or (mesh is None and header.id.kind != Kind.MESH):
        return None, problems
    drafts = tuple(made for made, _ in drafted)
    port = first_port(drafts[0])
    manifest = Manifest(header.id, header.source, header.aws_name, drafts, mesh, port=port)
    return manifest, problems


READERS: Final[Readers] = {
    Kind.MESH.value: _read_mesh,
    Kind.VIRTUAL_NODE.value: _read_node,
    Kind.VIRTUAL_SERVICE.value: _read_service,
}
