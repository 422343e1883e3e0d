"""Kubernetes manifests change as whole documents: an earlier text takes the place of today's.

Pure. One manifest may be several resources, and what it says depends on others, so whoever splices
reads the result and compares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mesh.document import read_documents
from mesh.keys import ResourceKey
from mesh.native import FORMS, NATIVE
from mesh.resource import Resource
from mesh.tidy.replacing import NotReplaceable, with_document
from mesh.tidy.tree import read_tree


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file: its text, without the line of dashes, and the resources it makes."""

    text: str
    keys: frozenset[ResourceKey]
    is_manifest: bool


def part_of(path: str, blob: bytes, key: ResourceKey, resources: Iterable[Resource]) -> Part | None:
    """Return the document that makes a resource; ``resources`` are all that the file makes."""
    return next((part for part in _parts(path, blob, resources) if key in part.keys), None)


def replaced(path: str, blob: bytes, old: Part, text: str | None) -> bytes | None:
    """Return the file with another text for a document, or without it; None where it was the last.

    A document that has got this text already stays.

    :raises NotReplaceable: the document is not there any more.
    """
    texts = [part.text for part in _parts(path, blob, ())]
    if old.text not in texts:
        if text is not None and text in texts:
            return blob
        raise NotReplaceable(
            f"{path} cannot be changed for several resources at once",
            hint="roll them back one after the other",
        )
    at = texts.index(old.text)
    new = [*texts[:at], *([text] if text is not None else []), *texts[at + 1 :]]
    if not any(map(str.strip, new)):
        return None
    result: bytes | None = None
    for each in new:
        result = with_document(path, result, each)
    return result


def is_json(path: str) -> bool:
    """Tell whether a file is JSON."""
    return path.lower().endswith(".json")


def _parts(path: str, blob: bytes, resources: Iterable[Resource]) -> Iterator[Part]:
    text = blob.decode("utf-8-sig")
    starts = [0]
    if not is_json(path):
        starts += [sheet.start for sheet in read_tree(text).sheets[1:]]
    lines = {resource.key: resource.source.lines.get((), 0) for resource in resources}
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        first, last = text.count("\n", 0, start) + 1, text.count("\n", 0, end)
        keys = frozenset(key for key, line in lines.items() if first <= line <= max(first, last))
        bare = text[start:end].removeprefix("---").lstrip("\n") if start else text[start:end]
        yield Part(bare, keys, _is_manifest(path, bare))


def _is_manifest(path: str, text: str) -> bool:
    documents = read_documents(path, text.encode()).documents
    forms = [next(form for form in FORMS if form.recognises(d.body)) for d in documents]
    return any(form is not NATIVE for form in forms)
