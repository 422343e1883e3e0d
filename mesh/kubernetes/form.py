"""The Kubernetes form: recognises objects and selects the version that reads them."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.canonical import JsonObject
from mesh.kubernetes import v1beta1, v1beta2
from mesh.kubernetes.header import read_header
from mesh.kubernetes.objects import NAMESPACE, Manifest, Readers
from mesh.parsing.document import Document, narrowed
from mesh.parsing.placeholders import placeholder_problem
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean, nearest

GROUP: Final = "appmesh.k8s.aws"
_VERSIONS: Final[Mapping[str, Readers]] = {
    "v1beta2": v1beta2.READERS,
    "v1beta1": v1beta1.READERS,
}


def is_kubernetes(body: JsonObject) -> bool:
    """Return whether a document is a Kubernetes object of any group."""
    version, kind = body.get("apiVersion"), body.get("kind")
    if isinstance(version, str) and version.startswith(f"{GROUP}/"):
        return True
    return bool(version) and bool(kind) and isinstance(version, str) and isinstance(kind, str)


def read_manifests(document: Document) -> tuple[list[Manifest], list[Problem]]:
    """Read an App Mesh object or a namespace; other objects are ignored.

    A ``List``, as ``kubectl get -o yaml`` prints it, is read as its items.
    """
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    for each in _items(document):
        manifest, found = _read(each)
        problems += found
        if manifest is not None:
            manifests.append(manifest)
    return manifests, problems


def _items(document: Document) -> Iterator[Document]:
    items = document.body.get("items")
    if not str(document.body.get("kind")).endswith("List") or not isinstance(items, list):
        yield document
        return
    for at, item in enumerate(items):
        if isinstance(item, dict) and is_kubernetes(item):
            yield Document(item, narrowed(document.source, ("items", at)))


def _read(document: Document) -> tuple[Manifest | None, list[Problem]]:
    group, _, version = str(document.body["apiVersion"]).rpartition("/")
    if group == "" and document.body.get("kind") == NAMESPACE:
        return _namespace(document), []
    if group != GROUP:
        return None, _mistyped(document, group, version)
    template = placeholder_problem(document.body, document.source)
    if template is not None:
        return None, [template]
    readers = _VERSIONS.get(version)
    if readers is None:
        return None, [_unknown_version(document, version)]
    kind = document.body.get("kind")
    reader = readers.get(str(kind))
    if reader is None:
        return None, [_unknown_kind(document, str(kind), readers)]
    return reader(document)


def _mistyped(document: Document, group: str, version: str) -> list[Problem]:
    """Return the problem of an object whose API group is ``appmesh.k8s.aws`` with a typo.

    The object would be ignored like any other, and its resources would silently disappear from the
    mesh.
    """
    kinds = {kind for readers in _VERSIONS.values() for kind in readers}
    near = nearest(group or version, [GROUP]) == GROUP
    lost = group == "" and version in _VERSIONS  # "v1beta2" without its group
    if document.body.get("kind") not in kinds or not (near or lost):
        return []
    return [
        document.source.problem(
            ("apiVersion",),
            "kubernetes-version",
            f"{document.body['apiVersion']!r} is not a version of {GROUP}",
            hint=f"write {GROUP}/{version if version in _VERSIONS else 'v1beta2'}",
        )
    ]


def _namespace(document: Document) -> Manifest | None:
    header = read_header(document, NAMESPACE)
    if header.id is None:
        return None
    return Manifest(header.id, header.source, header.id.name, labels=header.labels)


def _unknown_version(document: Document, version: str) -> Problem:
    return document.source.problem(
        ("apiVersion",),
        "kubernetes-version",
        f"manifests of version {version!r} of {GROUP} are not supported",
        hint=f"write it as {GROUP}/v1beta2; v1beta1 is supported, too",
    )


def _unknown_kind(document: Document, kind: str, readers: Readers) -> Problem:
    return document.source.problem(
        ("kind",),
        "unknown-kind",
        f"{GROUP} has no kind {kind!r}",
        hint=did_you_mean(kind, readers) or f"the kinds are {', '.join(readers)}",
    )
