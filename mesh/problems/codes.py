"""All problem codes with their meaning and remedy.

``python -m mesh.problems.codes`` prints docs/problems.md.

Codes are a promise: scripts and dashboards match on them. A code is never renamed and never gets
another meaning; a code that is no longer reported is removed.
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
        "case, a checkout keeps only one of them.",
        "Rename one of the two files.",
        Severity.WARNING,
    ),
    "duplicate-resource": CodeDoc(
        "Two documents define the same resource: same mesh, kind, parent and name.",
        "Remove one of the two, or give it another name. The problem is reported at each document "
        "after the first and names the first.",
    ),
    "no-specs": CodeDoc(
        "The repository contains no specs in the configured folder, so the mesh is empty.",
        "Add specs as `*.yaml`, `*.yml` or `*.json`, or correct `root` and `ignore` in "
        "`gitmesh.yaml`.",
        Severity.WARNING,
    ),
    "settings": CodeDoc(
        "`gitmesh.yaml`, which contains the repository's settings, is invalid.",
        "Correct it. It must be one document at the root of the repository, and `root` must name "
        "an existing folder.",
    ),
    "submodule": CodeDoc(
        "There is a submodule in the folder of the specs. Its content is not in this repository, "
        "and gitmesh does not fetch it.",
        "Commit the specs themselves, or list the submodule under `ignore` in `gitmesh.yaml`.",
    ),
    "symlink": CodeDoc(
        "There is a symbolic link in the folder of the specs. gitmesh never follows links. A link "
        "that is not named like a spec file is only a warning.",
        "Commit the file itself, or list the link under `ignore` in `gitmesh.yaml`.",
    ),
    "tree-too-large": CodeDoc(
        "The commit contains more files, folders or bytes of specs than gitmesh reads.",
        "Exclude other files: set `root` or `ignore` in `gitmesh.yaml`.",
    ),
    "unsafe-path": CodeDoc(
        "The name of a file is not valid UTF-8 text, or contains control characters.",
        "Rename the file.",
    ),
}

_REFERENCES = {
    "dangling-reference": CodeDoc(
        "A resource refers to another resource of its mesh that does not exist: a virtual service "
        "to its provider, a route to its virtual router or a target, a gateway route to its "
        "virtual gateway or virtual service.",
        "Correct the name, or add the missing resource in the same commit. Before you remove a "
        "resource, or in the same commit, remove the references to it. To create resources in any "
        "order, set `allowDanglingReferences: true` in `gitmesh.yaml`: then it is a warning, and "
        "routes that need the missing resource answer 503 until it exists.",
    ),
    "gateway-membership": CodeDoc(
        "It is not defined to which virtual gateway a Kubernetes GatewayRoute belongs. If the "
        "repository has one gateway, it is that one. If it has several, `namespaceSelector` and "
        "`gatewayRouteSelector` of the gateways must select exactly one.",
        "Correct the selectors or the labels of the Namespace, or name the gateway with "
        "`virtualGatewayRef`.",
    ),
    "inactive-backend": CodeDoc(
        "A virtual node lists a backend that does not exist. App Mesh allowed this, so that "
        "services could be created in any order. The backend has no effect until the virtual "
        "service exists.",
        "Add the virtual service, correct its name, or remove the backend.",
        Severity.WARNING,
    ),
    "mesh-membership": CodeDoc(
        "It is not defined to which mesh a Kubernetes object belongs. If the repository has one "
        "mesh, it is that one. If it has several, `namespaceSelector` of the meshes must select "
        "exactly one by the labels of the object's Namespace, which must be in the repository.",
        "Add the Mesh or the Namespace, correct selectors or labels, or name the mesh with "
        "`meshRef`.",
    ),
    "missing-backend-group": CodeDoc(
        "A virtual node refers to a Kubernetes BackendGroup that does not exist.",
        "Add the group, or correct the name or the namespace.",
        Severity.WARNING,
    ),
    "missing-mesh": CodeDoc(
        "A resource belongs to a mesh that no document defines.",
        "Correct `meshName`, or add the document `{kind: Mesh, meshName: …}`.",
    ),
    "no-matching-instance": CodeDoc(
        "The instances of a virtual node are found through `awsCloudMap`, and no instance in the "
        "`ServiceInstances` document of that service has all attributes that the node requires. "
        "Requests to the node are answered with 503.",
        "Correct the attributes on one side. If the node shall have no instances for now, leave "
        "it.",
        Severity.WARNING,
    ),
    "no-provider": CodeDoc(
        "A gateway route targets a virtual service that has no provider, so its requests are "
        "answered with 404.",
        "Give the virtual service a virtual node or a virtual router as `provider`.",
        Severity.WARNING,
    ),
    "unfiltered-instances": CodeDoc(
        "A virtual node requires instances with certain attributes, but there is no "
        "`ServiceInstances` document for its service. Its instances are then found by the DNS "
        "name `service.namespace`. DNS has no attributes, so every instance of the service counts "
        "as an instance of the node.",
        "Add the document, or give the node a name of its own through `dns`.",
        Severity.WARNING,
    ),
}

_ROUTING = {
    "ambiguous-port": CodeDoc(
        "A port may be omitted only if there is exactly one listener. Here there are several: at "
        "the virtual router or gateway (`match.port`), at the target node "
        "(`weightedTargets[].port`), or at the provider of the virtual service (`target.port`).",
        "Set the port of the intended listener.",
    ),
    "backend-protocol-clash": CodeDoc(
        "A virtual node calls two backends on the same port with different protocols. Envoy's "
        "egress listener supports only one protocol per port.",
        "Give one of the two virtual services another port, at its virtual router's listener or "
        "at its virtual node.",
    ),
    "gateway-protocol-differs": CodeDoc(
        "The protocol of a gateway route differs from the protocol of its listener. The route is "
        "served as far as the listener's protocol allows; gRPC over HTTP/1.1 never works.",
        "Use the route type of the listener's protocol (`httpRoute`, `http2Route`, `grpcRoute`), "
        "or change the protocol of the listener.",
        Severity.WARNING,
    ),
    "indistinct-backends": CodeDoc(
        "Two virtual services that one proxy calls have the same host name. Envoy selects a "
        "service by the request's host, without regard to case, and rejects a configuration with "
        "duplicate hosts.",
        "Rename one of the two, or call them on different ports.",
    ),
    "no-listener": CodeDoc(
        "Traffic is sent to a resource without a listener: a virtual router, a virtual node that "
        "is a target of a route, or a virtual node that provides a virtual service.",
        "Add a listener with the port and the protocol that callers use.",
    ),
    "protocol-mismatch": CodeDoc(
        "A TCP route belongs to a listener of http, http2 or grpc, or another route to a TCP "
        "listener: the listener of its virtual router or of its target. Or a gateway route "
        "targets a TCP service, or a gRPC route targets an http listener: HTTP/1.1 drops the "
        "trailers that end a gRPC call.",
        "Use one protocol for the router's listener, the route and the target's listener. "
        "Gateways support http, http2 and grpc.",
    ),
    "route-protocol-differs": CodeDoc(
        "A route is written for http, http2 or grpc, and the listener of its virtual router or of "
        "its target for another of these. The route works: Envoy accepts each of them on such a "
        "listener, and uses the target listener's protocol for the target. A gRPC route matches "
        "only gRPC calls. App Mesh's own behaviour was unpredictable.",
        "Use one protocol for the router's listener, the route and the target's listener.",
        Severity.WARNING,
    ),
    "shadowed-route": CodeDoc(
        "A route can never be reached: another route of the same router or gateway is tried first "
        "and matches all of its requests.",
        "Give the narrower route the lower `priority` number, narrow the match of the other "
        "route, or remove the route.",
        Severity.WARNING,
    ),
    "route-test-failed": CodeDoc(
        "A test in a `RouteTests` document expects another result than this commit's routes give. "
        "Tests run only if there are no other errors.",
        "Correct the routes, or the test if the change is intended. `gitmesh route-test` shows "
        "which route matches the request, and why the expected one does not.",
    ),
    "tcp-backends-share-port": CodeDoc(
        "A virtual node calls two TCP backends on the same port. A TCP connection does not show "
        "which virtual service it is for.",
        "Give one of the two virtual services another port.",
    ),
    "unknown-port": CodeDoc(
        "The virtual router, virtual gateway, virtual node or provider has no listener on this "
        "port.",
        "Use the port of one of its listeners, or add a listener.",
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
"""All codes by chapter of docs/problems.md. Each code is in one chapter."""

CODES: dict[str, CodeDoc] = {code: doc for part in SECTIONS.values() for code, doc in part.items()}
"""Every code that any problem can have."""

_INTRODUCTION = """\
# Problems

gitmesh reports these problems in a commit. A commit is applied as a whole or not at all: a single
**error** rejects it, and the served mesh stays as it was. A commit with **warnings** only is
applied. Every problem gives the file, the line and the JSON path in the document.

Codes are stable: they are never renamed and never change their meaning.

This page is generated: `python -m mesh.problems.codes > docs/problems.md`.
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
