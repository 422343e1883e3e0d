"""Features of routes and gateway routes, and meshes without one of them.

If a request is routed differently in a mesh without a feature, the feature decided it.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from mesh.keys import Kind
from mesh.linking import MeshGraph, link
from mesh.resource import Resource, spec_json
from tests.support.meshes import resource

Forget = Callable[[Any], object]
"""Function that removes one feature from the spec of a route or gateway route."""


def without(graph: MeshGraph, forget: Forget) -> MeshGraph:
    """Return the mesh with routes that lack a feature."""
    return link([_forgetful(each, forget) for each in graph.resources.values()])


def _forgetful(each: Resource, forget: Forget) -> Resource:
    if each.key.kind not in (Kind.ROUTE, Kind.GATEWAY_ROUTE):
        return each
    spec = copy.deepcopy(spec_json(each.spec))
    forget(spec)
    for body in _bodies(spec):
        for several in ("headers", "metadata", "queryParameters"):
            if not body["match"].get(several, True):
                del body["match"][several]
    return resource(each.key, spec)


def _bodies(spec: Any, *protocols: str) -> Iterator[Any]:
    for protocol in protocols or ("httpRoute", "grpcRoute", "tcpRoute"):
        if protocol in spec:
            yield spec[protocol]


def _matching(spec: Any, name: str, *, of: str = "") -> None:
    for body in _bodies(spec, *([of] if of else [])):
        body["match"].pop(name, None)


def _path(spec: Any, kind: str) -> None:
    for body in _bodies(spec, "httpRoute"):
        if kind == "prefix" and "prefix" in body["match"]:
            body["match"]["prefix"] = "/"
        elif kind in body["match"].get("path", {}):
            del body["match"]["path"]
            body["match"]["prefix"] = "/"
            body["action"].get("rewrite", {}).pop("path", None)


def _header(spec: Any, kind: str, *, invert: bool, of: str = "httpRoute") -> None:
    field = "metadata" if of == "grpcRoute" else "headers"
    for body in _bodies(spec, of):
        for header in list(body["match"].get(field, ())):
            (said,) = header.get("match") or ("present",)
            if said == kind and header.get("invert", False) == invert:
                body["match"][field].remove(header)


def _pseudo_header(spec: Any) -> None:
    for body in _bodies(spec, "httpRoute"):
        for header in list(body["match"].get("headers", ())):
            if header["name"] == "host" or header["name"].startswith(":"):
                body["match"]["headers"].remove(header)


def _query(spec: Any, *, exact: bool) -> None:
    for body in _bodies(spec, "httpRoute"):
        for parameter in list(body["match"].get("queryParameters", ())):
            if ("match" in parameter) == exact:
                body["match"]["queryParameters"].remove(parameter)


def _hostname(spec: Any, kind: str) -> None:
    for body in _bodies(spec):
        if kind in body["match"].get("hostname", {}):
            del body["match"]["hostname"]


def _rewrite(spec: Any, name: str, value: str, *, of: str = "httpRoute") -> None:
    for body in _bodies(spec, of):
        rewrite = body["action"].get("rewrite", {})
        if value in rewrite.get(name, {}):
            del rewrite[name]


def _target_port(spec: Any) -> None:
    for body in _bodies(spec):
        for target in body["action"].get("weightedTargets", [body["action"].get("target")]):
            target.pop("port", None)


def _weights(spec: Any) -> None:
    for body in _bodies(spec):
        for target in body["action"].get("weightedTargets", ()):
            target["weight"] = 1


_HEADERS: Final = ("present", "exact", "prefix", "suffix", "regex", "range")

FEATURES: Final[Mapping[str, Forget]] = {
    "priority": lambda spec: spec.pop("priority", None),
    **{f"path {kind}": partial(_path, kind=kind) for kind in ("prefix", "exact", "regex")},
    "method": partial(_matching, name="method"),
    "scheme": partial(_matching, name="scheme"),
    "port": partial(_matching, name="port", of="httpRoute"),
    "port of gRPC": partial(_matching, name="port", of="grpcRoute"),
    **{f"header {kind}": partial(_header, kind=kind, invert=False) for kind in _HEADERS},
    **{f"header not {kind}": partial(_header, kind=kind, invert=True) for kind in _HEADERS},
    **{
        f"metadata {kind}": partial(_header, kind=kind, invert=False, of="grpcRoute")
        for kind in _HEADERS
    },
    **{
        f"metadata not {kind}": partial(_header, kind=kind, invert=True, of="grpcRoute")
        for kind in _HEADERS
    },
    "header of the request line": _pseudo_header,
    "query parameter present": partial(_query, exact=False),
    "query parameter exact": partial(_query, exact=True),
    "gRPC service": partial(_matching, name="serviceName", of="grpcRoute"),
    "gRPC method": partial(_matching, name="methodName", of="grpcRoute"),
    "hostname exact": partial(_hostname, kind="exact"),
    "hostname suffix": partial(_hostname, kind="suffix"),
    "rewrite of the host": partial(_rewrite, name="hostname", value="defaultTargetHostname"),
    "rewrite of a call's host": partial(
        _rewrite, name="hostname", value="defaultTargetHostname", of="grpcRoute"
    ),
    "rewrite of the path": partial(_rewrite, name="path", value="exact"),
    "rewrite of the prefix": partial(_rewrite, name="prefix", value="value"),
    "rewrite of no prefix": partial(_rewrite, name="prefix", value="defaultPrefix"),
    "port of the target": _target_port,
    "weights": _weights,
}
"""Features, each with the function that removes it."""
OF_GATEWAYS: Final = frozenset(
    name for name in FEATURES if name.startswith(("hostname", "rewrite"))
)
OF_CONNECTIONS: Final[Mapping[str, Forget]] = {
    "priority": FEATURES["priority"],
    "port": partial(_matching, name="port", of="tcpRoute"),
    "port of the target": _target_port,
    "weights": _weights,
}
"""The same for TCP."""
