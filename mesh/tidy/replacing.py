"""Change, removal or addition of one document in a file; the rest of the file stays as it is.

Pure. Unchanged parts of a changed document keep their comments and their order.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from mesh.canonical import Json, JsonObject, canonical
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.parsing.document import read_documents
from mesh.parsing.identity import identify
from mesh.reading.native import FORMS, NATIVE, native_document
from mesh.reading.tags import Tags, written_tags
from mesh.resource import Resource
from mesh.tidy.comments import attach
from mesh.tidy.formatting import document_text
from mesh.tidy.leaves import with_leaves
from mesh.tidy.tree import Branch, Item, Leaf, Node, Sheet, node_of, read_tree
from mesh.tidy.writing import sheets_text


class NotReplaceable(UsageError):
    """The document has a format that gitmesh cannot edit."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One document of a file as text, with the ``---`` line before it."""

    text: str
    key: ResourceKey | None
    """The resource that the document describes; None if it is empty or has another format."""
    body: JsonObject | None
    """Content of the document; None if it is not a single object."""
    wrapper: str = ""
    """Key under which an API answer holds the resource."""


def with_spec(path: str, blob: bytes, resource: Resource, spec: JsonObject) -> bytes:
    """Return the file with a new spec in the document of a resource.

    :raises NotReplaceable: the document has no spec of its own.
    """
    return _with_fields(path, blob, resource, {"spec": spec})


def with_tags(path: str, blob: bytes, resource: Resource, tags: Tags) -> bytes:
    """Return the file with other tags in the document of a resource.

    :raises NotReplaceable: the document's format has no tags.
    """
    return _with_fields(path, blob, resource, {"tags": written_tags(tags) if tags else None})


def _with_fields(path: str, blob: bytes, resource: Resource, fields: JsonObject) -> bytes:
    """Return the file with these fields set in a document; a field that is None is removed."""

    def change(part: _Part) -> str:
        return _as_json(part, fields) if _is_json(path) else _as_yaml(part, resource, fields)

    return _changed(path, blob, resource.key, change)


def with_text(path: str, blob: bytes, key: ResourceKey, text: str) -> bytes:
    """Return the file with another text of the document of a resource, as somebody typed it.

    Line ends become those of the file.

    :raises NotReplaceable: the resource has no document of its own.
    """

    def change(part: _Part) -> str:
        typed = text.replace("\r\n", "\n").removeprefix("---\n")
        lead = "---\n" if part.text.startswith("---") else ""
        return f"{lead}{typed}" if typed.endswith("\n") else f"{lead}{typed}\n"

    return _changed(path, blob, key, change)


def without(path: str, blob: bytes, key: ResourceKey) -> bytes | None:
    """Return the file without the document of a resource; None if the file would be empty.

    :raises NotReplaceable: the resource has no document of its own.
    """
    text = _changed(path, blob, key, lambda _: "")
    return text if read_documents(path, text).documents else None


def with_document(path: str, blob: bytes | None, document: str) -> bytes:
    """Return the file with one more document at its end, or a new file if there is none.

    :raises NotReplaceable: the file's format allows only one document.
    """
    if blob is None or not blob.strip():
        return document.encode()
    if _is_json(path):
        raise NotReplaceable(
            f"{path} contains another document now, and a JSON file contains only one"
        )
    text = blob.decode("utf-8-sig")
    added = f"{'' if text.endswith(chr(10)) else chr(10)}---\n{document}"
    return f"{text}{_ended_as(text, added)}".encode()


def document_of(path: str, blob: bytes, resource: Resource) -> str:
    """Return the text of a resource's document, complete without the rest of the file."""
    parts = [part for part in _parts(path, blob) if part.key == resource.key]
    if not parts or (_is_json(path) and not parts[0].body):
        return document_text(native_document(resource))
    text = parts[0].text
    return text.removeprefix("---").lstrip("\r\n") if not _is_json(path) else text


def _changed(path: str, blob: bytes, key: ResourceKey, change: Callable[[_Part], str]) -> bytes:
    parts = list(_parts(path, blob))
    if not any(part.key == key for part in parts):
        raise NotReplaceable(
            f"{key} is defined in {path} by a document of another form",
            hint="change it there by hand",
        )
    return "".join(
        _ended_as(part.text, change(part)) if part.key == key else part.text for part in parts
    ).encode()


def with_object(
    path: str,
    blob: bytes,
    is_meant: Callable[[JsonObject], bool],
    change: Callable[[JsonObject], JsonObject | None],
) -> bytes | None:
    """Return the file with changed content in one document of any format.

    Comments and order of unchanged parts are kept.

    :param is_meant: selects the document; the first match counts.
    :param change: returns the new content; None removes the document.
    :raises NotReplaceable: no document matches, or it has a format that gitmesh cannot edit.
    """
    parts = list(_parts(path, blob))
    meant = next((part for part in parts if part.body and is_meant(part.body)), None)
    if meant is None or meant.body is None:
        raise NotReplaceable(f"{path} does not contain the document", hint="change it by hand")
    body = change(meant.body)
    text = "" if body is None else _rewritten(path, meant, body)
    changed = "".join(_ended_as(p.text, text) if p is meant else p.text for p in parts).encode()
    return changed if read_documents(path, changed).documents else None


def _rewritten(path: str, part: _Part, body: JsonObject) -> str:
    if _is_json(path):
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    trunk = read_tree(part.text)
    sheets = attach(part.text, trunk)
    if not trunk.plain or len(sheets) != 1 or sheets[0].root is None:
        raise NotReplaceable(
            f"{path} uses directives, anchors or tags of YAML", hint="change it by hand"
        )
    if (spliced := with_leaves(part.text, trunk, (), body, whole=True)) is not None:
        return spliced
    _merged(sheets[0].root, body)
    return ("---\n" if part.text.startswith("---") else "") + sheets_text(sheets)


def _ended_as(before: str, text: str) -> str:
    """Return a text with the line endings that most lines of another text have."""
    if before.count("\r\n") * 2 <= before.count("\n"):
        return text
    if all(before.count(end) == text.count(end) for end in ("\n", "\r\n")):
        return text  # only scalars have changed
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _is_json(path: str) -> bool:
    return path.lower().endswith(".json")


def _parts(path: str, blob: bytes) -> Iterator[_Part]:
    text = blob.decode("utf-8-sig")
    if _is_json(path):
        yield _part(path, text)
        return
    starts = [0, *(sheet.start for sheet in read_tree(text).sheets[1:])]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield _part(path, text[start:end])


def _part(path: str, text: str) -> _Part:
    documents = read_documents(path, text.encode()).documents
    if len(documents) != 1:
        return _Part(text, None, None)
    [document] = documents
    if next(form for form in FORMS if form.recognises(document.body)) is not NATIVE:
        return _Part(text, None, document.body)
    found = identify(document)
    inner = found.document.body
    wrapper = next((k for k, v in document.body.items() if v is inner), "")
    return _Part(text, found.key, document.body, wrapper)


def _as_json(part: _Part, fields: JsonObject) -> str:
    body = part.body or {}
    inner = body[part.wrapper] if part.wrapper else body
    named = _with(inner if isinstance(inner, dict) else {}, fields)
    whole = {**body, part.wrapper: named} if part.wrapper else named
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _with(body: JsonObject, fields: JsonObject) -> JsonObject:
    """Return an object with these fields; a new field is placed before the spec."""
    added = {name: value for name, value in fields.items() if name not in body}
    kept = {name: fields.get(name, value) for name, value in body.items()}
    before = {name: value for name, value in kept.items() if name != "spec"}
    spec = {"spec": kept["spec"]} if "spec" in kept else {}
    found = {**before, **added, **spec} if added and spec else {**kept, **added}
    return {name: value for name, value in found.items() if value is not None or name not in fields}


def _as_yaml(part: _Part, resource: Resource, fields: JsonObject) -> str:
    lead = "---\n" if part.text.startswith("---") else ""
    trunk = read_tree(part.text)
    if not trunk.plain:
        body = part.body or {}
        inner = body[part.wrapper] if part.wrapper else body
        written = inner if isinstance(inner, dict) else {}
        kept: JsonObject = {name: written[name] for name in ("tags", "spec") if name in written}
        return lead + document_text(_with({**native_document(resource), **kept}, fields))
    path = (part.wrapper,) if part.wrapper else ()
    if (spliced := with_leaves(part.text, trunk, path, fields)) is not None:
        return spliced
    sheets = attach(part.text, trunk)
    for sheet in sheets:
        _put(sheet, part.wrapper, fields)
    return lead + sheets_text(sheets)


def _put(sheet: Sheet, wrapper: str, fields: JsonObject) -> None:
    branch = sheet.root
    if wrapper and branch is not None:
        inner = next(item.node for item in branch.items if item.key == wrapper)
        branch = inner if isinstance(inner, Branch) else None
    if branch is None:
        return
    for name, value in fields.items():
        present = next((item for item in branch.items if item.key == name), None)
        if value is None:
            branch.items = [item for item in branch.items if item is not present]
        elif present is not None:
            present.node = _merged(present.node, value)
        else:
            spec = next((at for at, item in enumerate(branch.items) if item.key == "spec"), None)
            at = len(branch.items) if spec is None or name == "spec" else spec
            branch.items.insert(at, Item(name, node_of(value)))


def _merged(node: Node, value: Json) -> Node:
    """Return a node with the content ``value``, reusing the parts of ``node`` that are equal."""
    if isinstance(node, Branch) and node.is_object and isinstance(value, dict):
        kept = [item for item in node.items if item.key in value]
        for item in kept:
            item.node = _merged(item.node, value[item.key or ""])
        have = {item.key for item in kept}
        node.items = kept + [Item(k, node_of(part)) for k, part in value.items() if k not in have]
        return node
    if isinstance(node, Branch) and not node.is_object and isinstance(value, list):
        node.items = list(_aligned(node.items, value))
        return node
    return node if canonical(_value(node)) == canonical(value) else node_of(value)


def _aligned(items: list[Item], values: list[Json]) -> Iterator[Item]:
    """Yield an item for each value: an equal existing item, or the one at the same index."""
    flow = any(isinstance(item.node, Branch) and item.node.flow for item in items)
    old = [canonical(_value(item.node)) for item in items]
    new = [canonical(value) for value in values]
    for _, start, end, first, last in SequenceMatcher(None, old, new, False).get_opcodes():
        here = items[start:end]
        for at, value in enumerate(values[first:last]):
            if at < len(here):
                here[at].node = _merged(here[at].node, value)
                yield here[at]
            else:
                yield Item(None, _flowing(node_of(value)) if flow else node_of(value))


def _flowing(node: Node) -> Node:
    if isinstance(node, Branch):
        node.flow = True
        for item in node.items:
            _flowing(item.node)
    return node


def _value(node: Node) -> Json:
    if isinstance(node, Leaf):
        return node.value
    if node.is_object:
        return {item.key or "": _value(item.node) for item in node.items}
    return [_value(item.node) for item in node.items]
