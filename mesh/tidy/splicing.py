"""Replacement of whole Kubernetes manifests in a file with their text from an earlier commit.

Pure. One manifest may define several resources, and its meaning depends on other manifests, so the
caller reads the result again and compares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mesh.keys import ResourceKey
from mesh.parsing.document import read_documents
from mesh.reading.native import FORMS, NATIVE
from mesh.resource import Resource
from mesh.tidy.replacing import NotReplaceable, with_document
from mesh.tidy.tree import read_tree


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file: its text without the ``---`` line, and the resources it defines."""

    text: str
    keys: frozenset[ResourceKey]
    is_manifest: bool


def part_of(path: str, blob: bytes, key: ResourceKey, resources: Iterable[Resource]) -> Part | None:
    """Return the document that defines a resource; ``resources`` are all resources of the file."""
    return next((part for part in _parts(path, blob, resources) if key in part.keys), None)


def replaced(path: str, blob: bytes, old: Part, text: str | None) -> bytes | None:
    """Return the file with a document replaced or removed; None if it was the only document.

    A document that already has this text stays unchanged.

    :raises NotReplaceable: the document is no longer in the file.
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
    """Return whether a file is JSON, by its name."""
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
