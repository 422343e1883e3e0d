"""The corpus put together as its walkthroughs put it together: every whole mesh there is.

CloudFormation is imported with plain parameters, manifests are read in place, and files for the AWS
CLI get the names that stand in the script beside them. What a walkthrough changes later is a mesh
of its own: the one before, with some resources replaced.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from mesh.importing import Answers, import_files
from mesh.keys import Kind
from mesh.linking import MeshGraph, link
from mesh.problems.problem import Problem, errors
from mesh.resource import Resource
from reconciler.reading.tree import EMPTY
from tests.mesh.importing.test_corpus import CORPUS, PARAMETERS
from tests.support.manifests import go

__all__ = ["CORPUS", "EXCEPTIONS", "MESHES", "Whole", "files_with_specs", "put_together"]

_WALKS: Final = "walkthroughs"
_INGRESS: Final = f"{_WALKS}/howto-ingress-gateway/mesh"
_LISTENERS: Final = f"{_WALKS}/howto-multiple-listeners/mesh"
_TIMEOUT: Final = f"{_WALKS}/howto-timeout-policy/mesh"
_OUTLIER: Final = f"{_WALKS}/howto-outlier-detection/mesh"
_HTTP2: Final = f"{_WALKS}/howto-http2"
_GRPC: Final = f"{_WALKS}/howto-grpc"
_HEADERS: Final = f"{_WALKS}/howto-http-headers"
_COLORAPP: Final = "examples/apps/colorapp/servicemesh"
_DJAPP: Final = "examples/apps/djapp"
_EKS: Final = f"{_WALKS}/eks-getting-started/infrastructure/appmesh_templates"


@dataclass(frozen=True)
class Named:
    """A file for the AWS CLI with what its script gives beside it."""

    path: str
    kind: Kind | None = None
    name: str = ""
    parent: str = ""
    fills: Mapping[str, str] = field(default_factory=dict)
    """Values that stand for variables of the script, and what they become."""


@dataclass(frozen=True)
class Whole:
    """What makes a mesh, in the order in which it is created: what comes later replaces."""

    templates: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    manifests: tuple[str, ...] = ()
    """Files, or folders of them."""
    mesh: str = "shop"
    declared: bool = True
    """True if a file declares the mesh; otherwise a command does."""

    @property
    def paths(self) -> set[str]:
        """Every file that takes part."""
        return {*self.templates, *(n.path for n in self.named), *_files(self.manifests)}


_SERVICE: Final = "virtualservice-name.local"


def _ingress(suffix: str = "", gateway: str = "colorgateway-vg") -> tuple[Named, ...]:
    def to(number: int) -> dict[str, str]:
        return {_SERVICE: f"colorteller-{number}.local"}

    def at(name: str) -> str:
        return f"{_INGRESS}/{name}.json"

    found = [Named(at("mesh"), Kind.MESH)]
    found += [
        Named(at(f"colorteller-{color}-vn{suffix}"), Kind.VIRTUAL_NODE, f"colorteller-{color}-vn")
        for color in ("black", "blue", "red", "white")
    ]
    found.append(Named(at(gateway), Kind.VIRTUAL_GATEWAY, "gateway"))
    for n in (1, 2):
        router, service = f"colorteller-vr-{n}", f"colorteller-{n}.local"
        found += [
            Named(at(router), Kind.VIRTUAL_ROUTER, router),
            Named(at(f"colorteller-route-{n}"), Kind.ROUTE, "all", router),
            Named(at(f"colorteller-vs-{n}"), Kind.VIRTUAL_SERVICE, service),
            Named(at(f"colorgateway-route-{n}"), Kind.GATEWAY_ROUTE, f"to-{n}", "gateway", to(n)),
        ]
    return tuple(found)


def _listeners() -> tuple[Named, ...]:
    def at(name: str) -> str:
        return f"{_LISTENERS}/{name}.json"

    found = [
        Named(at("mesh"), Kind.MESH),
        Named(at("tellergateway-vg"), Kind.VIRTUAL_GATEWAY, "gateway"),
        Named(at("foodteller-vr"), Kind.VIRTUAL_ROUTER, "foodteller-vr"),
        Named(at("fruit-route"), Kind.ROUTE, "fruit", "foodteller-vr"),
        Named(at("vegetable-route"), Kind.ROUTE, "vegetable", "foodteller-vr"),
    ]
    for teller in ("color", "food"):
        found += [
            Named(at(f"{teller}teller-vn"), Kind.VIRTUAL_NODE, f"{teller}teller-vn"),
            Named(at(f"{teller}teller-vs"), Kind.VIRTUAL_SERVICE, f"{teller}.local"),
        ]
    for route, teller in (("color", "color"), ("fruit", "food"), ("vegetable", "food")):
        fills = {_SERVICE: f"{teller}.local"}
        path = at(f"{route}-gateway-route")
        found.append(Named(path, Kind.GATEWAY_ROUTE, route, "gateway", fills))
    return tuple(found)


def _timeout(*changed: str, routes: Sequence[str] = ("route",), way: str = "") -> Whole:
    """Return the mesh with files of these endings in place of the plain ones."""
    named = {
        "colorgateway-vn": (Kind.VIRTUAL_NODE, "ColorGateway", ""),
        "colorteller-vn": (Kind.VIRTUAL_NODE, "ColorTellerRed", ""),
        "colorteller-white-vn": (Kind.VIRTUAL_NODE, "ColorTellerWhite", ""),
        "colorteller-vr": (Kind.VIRTUAL_ROUTER, "colorteller-vr", ""),
        "colorteller-vs": (Kind.VIRTUAL_SERVICE, "color-teller-vs.local", ""),
        "publicgateway-vg": (Kind.VIRTUAL_GATEWAY, "gateway", ""),
        "publicgateway-route": (Kind.GATEWAY_ROUTE, "all", "gateway"),
    }
    for route in routes:
        named[f"colorteller-{route}"] = (Kind.ROUTE, f"colorteller-{route}", "colorteller-vr")
    endings = {name.rpartition("-timeout")[0]: name for name in changed}
    fills = {_SERVICE: "color-teller-vs.local"}
    files = [
        Named(f"{_TIMEOUT}/{endings.get(file, file)}.json", *names, fills)
        for file, names in named.items()
    ]
    return Whole((f"{_TIMEOUT}/mesh.yaml",), tuple(files))


def _routes(template: str, folder: str, mesh: str, *names: str) -> dict[str, Whole]:
    return {
        f"{folder}/{name}": Whole((template,), (Named(f"{folder}/{name}.json"),), mesh=mesh)
        for name in names
    }


def _outlier(node: str) -> Whole:
    service = {
        "virtual-service-name.local": "color.shop.local",
        "backend-vs-name.local": "color.shop.local",
    }
    files = (node, "color-vs", "front-vn")
    named = tuple(Named(f"{_OUTLIER}/{name}.json", fills=service) for name in files)
    return Whole((f"{_OUTLIER}/mesh.yaml",), named)


_TEMPLATES: Final = (
    f"{_COLORAPP}/appmesh-colorapp.yaml",
    f"{_WALKS}/fargate/appmesh-colorapp.yaml",
    f"{_GRPC}/mesh.yaml",
    f"{_HEADERS}/app.yaml",
    f"{_HTTP2}/mesh.yaml",
    f"{_OUTLIER}/mesh.yaml",
    f"{_TIMEOUT}/mesh.yaml",
    f"{_WALKS}/howto-tls-file-provided/mesh/mesh.yaml",
)
_K8S: Final = (
    *("cloudmap/v1beta1", "cloudmap/v1beta2", "connection-pools/v1beta2", "grpc/v1beta1"),
    *("grpc/v1beta2", "http-headers/v1beta1", "http-headers/v1beta2", "ingress-gateway/v1beta2"),
    *("mtls-file-based/v1beta2", "tls-file-based/v1beta2"),
)
_LATER: Final = (
    "appmesh-virtual-router-appserver-v1-v2.yaml",
    "appmesh-virtual-router-appserver-v2.yaml",
)
_LEGACY: Final = f"{_DJAPP}/legacy/4_create_initial_mesh_components"

MESHES: Final[Mapping[str, Whole]] = {
    **{path: Whole((path,)) for path in _TEMPLATES},
    **{
        f"howto-k8s-{name}": Whole(manifests=(f"{_WALKS}/howto-k8s-{name}",), mesh="mesh-name")
        for name in _K8S
    },
    "djapp": Whole(manifests=(f"{_DJAPP}/2_meshed_application",)),
    "djapp canary": Whole(
        manifests=(f"{_DJAPP}/2_meshed_application", f"{_DJAPP}/3_canary_new_version")
    ),
    "djapp legacy": Whole(manifests=(_LEGACY,)),
    "djapp legacy canary": Whole(manifests=(_LEGACY, f"{_DJAPP}/legacy/5_canary")),
    "yelb": Whole(manifests=(_EKS,), mesh="yelb", declared=False),
    **{
        f"yelb then {later}": Whole(
            manifests=(_EKS, f"{_EKS}/{later}"), mesh="yelb", declared=False
        )
        for later in _LATER
    },
    "ingress": Whole(named=_ingress()),
    "ingress with TLS": Whole(named=_ingress("-tls", "colorgateway-vg-backendDefaults")),
    "listeners": Whole(named=_listeners()),
    "timeouts": _timeout(),
    "timeouts of 20 s": _timeout(
        "colorgateway-vn-timeout20s",
        "colorteller-vn-timeout20s",
        "colorteller-white-vn-timeout20s",
        "colorteller-route-timeout20s",
    ),
    "timeout of 5 s": _timeout("colorteller-route-timeout5s"),
    "timeouts of two routes": _timeout(routes=("route1", "route2")),
    "other timeouts of two routes": _timeout(
        "colorteller-vn-timeout18s",
        "colorteller-route1-timeout18s",
        "colorteller-route2-timeout10s",
        routes=("route1", "route2"),
    ),
    "outliers before": _outlier("color-vn"),
    "outliers": _outlier("color-vn-with-outlier-detection"),
    **_routes(f"{_HEADERS}/app.yaml", _HEADERS, "shop", "color-route"),
    **_routes(
        f"{_GRPC}/mesh.yaml", f"{_GRPC}/mesh", "shop-mesh", "route-all-methods", "route-retries"
    ),
    **_routes(
        f"{_HTTP2}/mesh.yaml",
        f"{_HTTP2}/mesh",
        "shop-mesh",
        *("route-blue", "route-red", "route-red-blue", "route-red-blue-green", "route-red-retries"),
    ),
    **_routes(
        f"{_COLORAPP}/appmesh-colorapp.yaml",
        f"{_COLORAPP}/config/update_routes",
        "shop",
        *(
            f"colorteller-route-{step}"
            for step in ("black-100", "black-80-blue-20", "blue-100", "blue-80-red-20", "red-100")
        ),
    ),
}
"""Every whole mesh, by a name of its own."""

EXCEPTIONS: Final[Mapping[str, str]] = {
    "howto-k8s-grpc/v1beta1": "its route names the node server-app-namespace, which the "
    "controller of v1beta1 took for server-app-namespace in app-namespace: only server is there",
}
"""Meshes that do not link as they are shipped, and why."""


def files_with_specs() -> set[str]:
    """Return every file of the corpus that holds a resource of App Mesh."""
    found = (p for p in CORPUS.rglob("*") if p.suffix in (".json", ".yaml"))
    return {str(p.relative_to(CORPUS)) for p in found if p.name != "INVENTORY.json"}


def put_together(whole: Whole) -> tuple[MeshGraph, list[Problem]]:
    """Return a mesh, and what keeps it from being applied."""
    if whole.manifests:
        return _manifests(whole)
    reading = import_files(
        {path: (CORPUS / path).read_bytes() for path in whole.templates}, Answers(PARAMETERS)
    )
    problems = [*errors(reading.problems)]
    declared = [] if any(r.key.kind is Kind.MESH for r in reading.resources) else _declared(whole)
    resources = {resource.key: resource for resource in [*declared, *reading.resources]}
    for named in whole.named:
        found = _import(named, whole.mesh)
        problems += errors(found[1])
        resources |= {resource.key: resource for resource in found[0]}
    graph = link(resources.values())
    return graph, [*problems, *errors(graph.problems)]


def _declared(whole: Whole) -> Iterable[Resource]:
    """Return the mesh that a command declares, or a parameter names."""
    text = json.dumps({"kind": "Mesh", "meshName": whole.mesh}).encode()
    return import_files({"mesh.json": text}, Answers()).resources


def _import(named: Named, mesh: str) -> tuple[Sequence[Resource], Sequence[Problem]]:
    text = (CORPUS / named.path).read_text()
    for value, filled in named.fills.items():
        text = text.replace(value, filled)
    answers = Answers(mesh=mesh, kind=named.kind, name=named.name, parent=named.parent)
    reading = import_files({named.path: text.encode()}, answers)
    return reading.resources, reading.problems


def _manifests(whole: Whole) -> tuple[MeshGraph, list[Problem]]:
    objects: dict[tuple[str, ...], Any] = {}
    for path in _files(whole.manifests):
        documents = yaml.safe_load_all((CORPUS / path).read_text())
        for body in filter(None, documents):
            about = body["metadata"]
            objects[body["kind"], about.get("namespace", ""), about["name"]] = body
    files = {"all.yaml": yaml.safe_dump_all(objects.values())}
    if not whole.declared:
        files["mesh.yaml"] = f"meshName: {whole.mesh}\n"
    tree = go(EMPTY, files).tree
    return tree.graph, errors(tree.problems)


def _files(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        inside = [p for p in sorted((CORPUS / path).rglob("*.yaml")) if p.name not in _LATER]
        folder: list[Path] = inside if (CORPUS / path).is_dir() else [CORPUS / path]
        found += [str(each.relative_to(CORPUS)) for each in folder]
    return found
