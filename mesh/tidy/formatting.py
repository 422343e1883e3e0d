"""Formatting of a file of specs. Never changes the content of its documents."""

import json
from collections import Counter
from dataclasses import dataclass

from mesh.canonical import Json, JsonObject
from mesh.parsing.document import Reading, read_documents
from mesh.problems.problem import Problem
from mesh.reading.native import FORMS, NATIVE
from mesh.tidy.comments import attach
from mesh.tidy.order import in_reading_order
from mesh.tidy.tree import Branch, Item, Node, Sheet, node_of, read_tree
from mesh.tidy.writing import sheets_text


@dataclass(frozen=True, slots=True)
class Tidied:
    """Result of formatting a file."""

    text: str | None = None
    """The formatted file; None if the file is left unchanged."""
    problems: tuple[Problem, ...] = ()
    """Reasons why the file could not be read."""
    reason: str = ""
    """Reason why the file is not a spec file, although it is valid."""


def document_text(body: JsonObject) -> str:
    """Return a native document as YAML in block style and reading order."""
    root = _ordered(node_of(body))
    return sheets_text([Sheet(0, root if isinstance(root, Branch) else None)])


def tidied(path: str, blob: bytes) -> Tidied:
    """Return a file of native documents in canonical layout. Idempotent."""
    before = read_documents(path, blob)
    if before.problems:
        return Tidied(problems=before.problems)
    if any(_form(body) != NATIVE.name for body in _bodies(before)):
        return Tidied(reason="not in native form")
    if not before.documents:
        return Tidied(reason="no documents")
    text = blob.decode("utf-8-sig")
    anew = _json(before) if path.lower().endswith(".json") else _yaml(text)
    if anew is None or not _says_the_same(path, before, text, anew):
        # No spec needs such YAML: leave it unformatted rather than risk a change of meaning.
        return Tidied(reason="cannot be formatted without changing it")
    return Tidied(anew)


def _bodies(reading: Reading) -> list[JsonObject]:
    return [document.body for document in reading.documents]


def _form(body: JsonObject) -> str:
    return next(form.name for form in FORMS if form.recognises(body))


def _json(reading: Reading) -> str:
    body = _ordered_json(reading.documents[0].body)
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _ordered_json(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _ordered_json(part) for key, part in in_reading_order(value.items())}
    return [_ordered_json(part) for part in value] if isinstance(value, list) else value


def _yaml(text: str) -> str | None:
    trunk = read_tree(text)
    if not trunk.plain:
        return None
    sheets = attach(text, trunk)
    for sheet in sheets:
        if sheet.root is not None:
            _ordered(sheet.root)
    return sheets_text(sheets)


def _ordered(node: Node) -> Node:
    """Sort the keys of every object into reading order; changes the tree itself."""
    if isinstance(node, Branch):
        if node.is_object:
            node.items = [i for _, i in in_reading_order((_key(i), i) for i in node.items)]
        for item in node.items:
            _ordered(item.node)
    return node


def _key(item: Item) -> str:
    return item.key or ""


def _says_the_same(path: str, before: Reading, text: str, anew: str) -> bool:
    after = read_documents(path, anew.encode())
    if after.problems or _bodies(after) != _bodies(before):
        return False
    return path.lower().endswith(".json") or _comments(text) == _comments(anew)


def _comments(text: str) -> Counter[str]:
    """Count the comments of a text."""
    sheets = attach(text, read_tree(text))
    found: Counter[str] = Counter()
    nodes: list[Node] = []
    for sheet in sheets:
        found.update(filter(None, sheet.head))
        nodes += [sheet.root] if sheet.root else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, Branch):
            found.update(node.after)
            for item in node.items:
                found.update(line for line in [*item.before, item.beside] if line)
                nodes.append(item.node)
    return found
