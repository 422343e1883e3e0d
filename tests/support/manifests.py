"""Kubernetes manifests as files of a repository, and the resources that they define."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from textwrap import dedent

from mesh.canonical import JsonObject
from mesh.resource import spec_json
from reconciler.reading.file import SpecFile, read_text
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree, Step, step

VERSION = "appmesh.k8s.aws/v1beta2"

MESH = f"apiVersion: {VERSION}\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{}}\n"


def manifest(kind: str, name: str, spec: str, namespace: str = "prod", **metadata: str) -> str:
    """Return an object: the spec begins on its sixth line, indented by two."""
    beside = "".join(f", {key}: {value}" for key, value in metadata.items())
    head = f"apiVersion: {VERSION}\nkind: {kind}\nmetadata:\n"
    head += f"  {{name: {name}, namespace: {namespace}{beside}}}\nspec:\n"
    body = dedent(spec).strip("\n")
    return head + "".join(f"  {line}\n" for line in body.split("\n"))


def node(name: str, port: int = 8080, rest: str = "") -> str:
    spec = f"listeners: [{{portMapping: {{port: {port}, protocol: http}}}}]\n"
    spec += f"serviceDiscovery: {{dns: {{hostname: {name}.prod.svc.cluster.local}}}}\n"
    return manifest("VirtualNode", name, spec + rest)


def service(name: str, router: str, namespace: str = "prod") -> str:
    provider = f"provider: {{virtualRouter: {{virtualRouterRef: {{name: {router}}}}}}}"
    return manifest("VirtualService", name, provider, namespace)


@lru_cache(1024)
def file_of(path: str, text: str) -> SpecFile:
    """Read a file as the tree does; a tree whose other files stay is made again and again."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return read_text(path, Entry(EntryKind.FILE, ObjectId(digest)), text.encode())


def go(tree: SpecTree, files: Mapping[str, str | None]) -> Step:
    """Change files of a tree; None removes one."""
    return step(tree, {p: file_of(p, t) if t is not None else None for p, t in files.items()})


def tree_of(*documents: str, **files: str) -> SpecTree:
    """Return the tree of one file ``a.yaml`` of these documents, and of others by their names."""
    held = {f"{name}.yaml": text for name, text in files.items()}
    if documents:
        held["a.yaml"] = "---\n".join(documents)
    return go(EMPTY, held).tree


def resources(tree: SpecTree) -> dict[str, JsonObject]:
    """Return every resource's spec by its key."""
    return {str(key): spec_json(found.spec) for key, found in tree.graph.resources.items()}


def told(tree: SpecTree) -> list[tuple[str, int, str, str]]:
    """Return (file, line, code, path in the document) of every problem."""
    return [(p.path, p.line, p.code, p.where) for p in tree.problems]
