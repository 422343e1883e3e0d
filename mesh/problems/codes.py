"""All problem codes with their meaning and remedy.

``python -m mesh.problems.codes`` prints docs/problems.md.

Codes are a promise: scripts and dashboards match on them. A code is never renamed and never gets
another meaning; one that is no longer reported goes.
"""

import sys
from collections.abc import Mapping

from mesh.problems.document_codes import DOCUMENT_CODES, FILE_CODES, RULE_CODES, SHAPE_CODES
from mesh.problems.import_codes import IMPORT_CODES
from mesh.problems.problem import CodeDoc, Severity
from mesh.problems.proxyless_codes import PROXYLESS_CODES

__all__ = ["CODES", "SECTIONS", "CodeDoc", "page"]

_REPOSITORY = {
    "case-collision": CodeDoc(
        "The names of two files differ only in upper and lower case. On file systems that ignore "
        "case a checkout keeps one of them.",
        "Rename one of the two files.",
        Severity.WARNING,
    ),
    "duplicate-resource": CodeDoc(
        "Two documents define the same resource: same mesh, kind, parent and name.",
        "Remove one of the two, or give it another name. The problem stands at each document after "
        "the first, and names the first.",
    ),
    "no-specs": CodeDoc(
        "The repository holds no specs where they are looked for, so the mesh is empty.",
        "Add specs as `*.yaml`, `*.yml` or `*.json`, or correct `root` and `ignore` in "
        "`gitmesh.yaml`.",
        Severity.WARNING,
    ),
    "settings": CodeDoc(
        "`gitmesh.yaml`, the repository's own settings, cannot be used.",
        "Correct it: it is one document at the root of the repository, and `root` names a folder "
        "that exists.",
    ),
    "submodule": CodeDoc(
        "A submodule stands where specs are read. What it holds is not in this repository, and "
        "gitmesh fetches nothing.",
        "Commit the specs themselves, or list the submodule under `ignore` in `gitmesh.yaml`.",
    ),
    "symlink": CodeDoc(
        "A symbolic link stands where specs are read. Links are never followed. One whose name is "
        "not that of a spec is only a warning.",
        "Commit the file itself, or list the link under `ignore` in `gitmesh.yaml`.",
    ),
    "tree-too-large": CodeDoc(
        "The commit holds more files, folders or bytes of specs than gitmesh reads.",
        "Keep other things out of the mesh: set `root` or `ignore` in `gitmesh.yaml`.",
    ),
    "unsafe-path": CodeDoc(
        "A file's name is not plain UTF-8 text, or holds control characters.",
        "Rename the file.",
    ),
}

_REFERENCES = {
    "dangling-reference": CodeDoc(
        "A resource names another one of its mesh that does not exist: a virtual service its "
        "provider, a route its virtual router or a target, a gateway route its virtual gateway or "
        "virtual service.",
        "Correct the name, or add the missing resource in the same commit. Remove what refers to a "
        "resource before, or together with, the resource itself.",
    ),
    "gateway-membership": CodeDoc(
        "Nothing says to which virtual gateway a Kubernetes GatewayRoute belongs. A repository "
        "with one gateway needs no more; among several, `namespaceSelector` and "
        "`gatewayRouteSelector` of the gateways must choose one.",
        "Correct the selectors or the labels of the Namespace, or name the gateway: "
        "`virtualGatewayRef`.",
    ),
    "inactive-backend": CodeDoc(
        "A virtual node lists a backend that does not exist. App Mesh allowed it, so that services "
        "could be set up in any order; until the virtual service is added the backend does "
        "nothing.",
        "Add the virtual service, correct its name, or take the backend out.",
        Severity.WARNING,
    ),
    "mesh-membership": CodeDoc(
        "Nothing says to which mesh a Kubernetes object belongs. A repository with one mesh needs "
        "no more; among several, `namespaceSelector` of the meshes must choose one by the labels "
        "of the object's Namespace, which must be in the repository.",
        "Add the Mesh or the Namespace, correct selectors or labels, or name the mesh: `meshRef`.",
    ),
    "missing-backend-group": CodeDoc(
        "A virtual node calls a Kubernetes BackendGroup that does not exist.",
        "Add the group, or correct the name or the namespace.",
        Severity.WARNING,
    ),
    "missing-mesh": CodeDoc(
        "A resource names a mesh that no document declares.",
        "Correct `meshName`, or add the document `{kind: Mesh, meshName: …}`.",
    ),
    "no-matching-instance": CodeDoc(
        "A virtual node is found through `awsCloudMap`, a `ServiceInstances` document is about its "
        "service, and no instance in it carries every attribute that the node asks for. Its "
        "callers are answered with 503.",
        "Correct the attributes on one side; if there is to be nobody for now, leave it.",
        Severity.WARNING,
    ),
    "no-provider": CodeDoc(
        "A gateway route leads to a virtual service that has no provider, so its requests are "
        "answered with 404.",
        "Give the virtual service a virtual node or a virtual router as `provider`.",
        Severity.WARNING,
    ),
    "unfiltered-instances": CodeDoc(
        "A virtual node asks for instances with certain attributes, but no `ServiceInstances` "
        "document is about its service. It is then found by the name `service.namespace` in DNS, "
        "which knows no attributes: every instance of the service is taken for the node's.",
        "Add the document, or give the node a name of its own through `dns`.",
        Severity.WARNING,
    ),
}

_ROUTING = {
    "ambiguous-port": CodeDoc(
        "A port may be left out only where there is one listener to choose. Here there are "
        "several: at the virtual router or gateway (`match.port`), at the target node "
        "(`weightedTargets[].port`) or at the provider of the virtual service (`target.port`).",
        "Name the port of the listener that is meant.",
    ),
    "backend-protocol-clash": CodeDoc(
        "Two backends of a virtual node are called on the same port with different protocols. On "
        "one port Envoy's egress listener speaks one protocol, and refuses the rest.",
        "Give one of the two virtual services another port, at its virtual router's listener or "
        "at its virtual node.",
    ),
    "gateway-protocol-differs": CodeDoc(
        "A gateway route is written for another protocol than the listener it belongs to speaks. "
        "It is served as far as the listener's protocol allows; gRPC over HTTP/1.1 never is.",
        "Use the route that fits the listener (`httpRoute`, `http2Route`, `grpcRoute`), or change "
        "the protocol of the listener.",
        Severity.WARNING,
    ),
    "indistinct-backends": CodeDoc(
        "Two virtual services called from one proxy answer to the same host name. Envoy finds a "
        "service by the request's host, without regard to case, and refuses such a configuration.",
        "Rename one of the two, or call them on different ports.",
    ),
    "no-listener": CodeDoc(
        "Traffic is sent to something that listens nowhere: a virtual router, a virtual node that "
        "is a target of a route, or a virtual node that provides a virtual service.",
        "Add a listener with the port and the protocol that callers use.",
    ),
    "protocol-mismatch": CodeDoc(
        "A TCP route belongs to a listener of http, http2 or grpc, or another route to a TCP one: "
        "that of its virtual router or of its target. Or a gateway route leads to a TCP service, "
        "or a gRPC route to a target that listens for http: HTTP/1.1 loses the trailers that end a "
        "gRPC call.",
        "Use one protocol from the router's listener over the route to the target's listener. "
        "Gateways speak http, http2 and grpc.",
    ),
    "route-protocol-differs": CodeDoc(
        "A route is written for http, http2 or grpc, and the listener of its virtual router or of "
        "its target for another of these. It is served: Envoy takes each of them on such a "
        "listener and speaks to a target what its listener says. A gRPC route takes gRPC calls "
        "alone. App Mesh's own answer was unpredictable.",
        "Use one protocol from the router's listener over the route to the target's listener.",
        Severity.WARNING,
    ),
    "shadowed-route": CodeDoc(
        "A route can never be reached: another one of the same router or gateway is tried first "
        "and takes every request that would match.",
        "Give the narrower route the lower `priority` number, narrow the match of the other one, "
        "or remove the route.",
        Severity.WARNING,
    ),
    "route-test-failed": CodeDoc(
        "A test in a `RouteTests` document expects another answer than this commit's routes give. "
        "Tests are only run when nothing else is wrong.",
        "Correct the routes, or the test if the change is meant; `gitmesh route-test` tells which "
        "route takes the request, and why the one that should does not.",
    ),
    "tcp-backends-share-port": CodeDoc(
        "Two backends of a virtual node speak TCP on the same port. Nothing in a TCP connection "
        "says which virtual service is meant.",
        "Give one of the two virtual services another port.",
    ),
    "unknown-port": CodeDoc(
        "A port is named on which the virtual router, virtual gateway, virtual node or provider "
        "has no listener.",
        "Name the port of one of its listeners, or add a listener.",
    ),
}

SECTIONS: Mapping[str, dict[str, CodeDoc]] = {
    "The repository": _REPOSITORY,
    "Files": FILE_CODES,
    "Documents": DOCUMENT_CODES,
    "Shapes of specs": SHAPE_CODES,
    "Rules of a single spec": RULE_CODES,
    "References between resources": _REFERENCES,
    "Ports, protocols and routes": _ROUTING,
    "Imports": IMPORT_CODES,
    "gRPC clients without a proxy": PROXYLESS_CODES,
}
"""The registry, by chapter of the page. Each code is in one chapter."""

CODES: dict[str, CodeDoc] = {code: doc for part in SECTIONS.values() for code, doc in part.items()}
"""Every code that any problem can have."""

_INTRODUCTION = """\
# Problems

What gitmesh says about a commit it cannot apply, or that it applies with a warning. A commit is
applied as a whole or not at all: one **error** anywhere refuses it, and what is served stays as it
was. A **warning** refuses nothing. Every problem names its file, line and place in the document.

Codes are stable: they are never renamed and never change their meaning.

This page is made from `mesh/problems/codes.py`: `python -m mesh.problems.codes > docs/problems.md`.
"""


def page() -> str:
    """Return the text of docs/problems.md."""
    parts = [_INTRODUCTION]
    for title, codes in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts.extend(_entry(code, codes[code]) for code in sorted(codes))
    return "\n".join(parts)


def _entry(code: str, doc: CodeDoc) -> str:
    kind = "" if doc.severity is Severity.ERROR else f" *({doc.severity})*"
    return f"### `{code}`{kind}\n\n{doc.meaning}\n\n**What to do:** {doc.remedy}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
