"""Replace single scalars in the text of a document; every other character stays.

A change that adds or removes something is not for here: the document is then written anew.
"""

from collections.abc import Iterator

from mesh.canonical import Json, JsonObject
from mesh.parsing.document import read_documents
from mesh.tidy.scalar_text import scalar_text
from mesh.tidy.tree import Branch, Leaf, Node, Trunk

_Edit = tuple[int, int, str]
"""Start and end of a scalar in the text, and its new text."""


class _Structural(Exception):
    """More than scalars would change, or a scalar that has no simple place in the text."""


def with_leaves(
    text: str, trunk: Trunk, path: tuple[str, ...], fields: JsonObject, *, whole: bool = False
) -> str | None:
    """Return the text of one document with other values of scalars in it.

    :param trunk: the parsed text.
    :param path: the keys of the object whose fields change; empty for the document itself.
    :param fields: the new values of some of its fields, or of all if ``whole``.
    :return: None if anything but scalars changes.
    """
    root = trunk.sheets[0].root if len(trunk.sheets) == 1 else None
    try:
        members = _members(root)
        for key in path:
            members = _members(members.get(key))
        if whole and members.keys() != fields.keys():
            return None
        edits = [edit for name in fields for edit in _edits(members.get(name), fields[name])]
    except _Structural:
        return None
    changed = text
    for start, end, new in sorted(edits, reverse=True):
        changed = changed[:start] + new + changed[end:]
    return changed if _means(changed, path, fields) else None


def _members(node: Node | None) -> dict[str, Node]:
    if not isinstance(node, Branch) or not node.is_object:
        raise _Structural
    members = {item.key or "": item.node for item in node.items}
    if len(members) != len(node.items):
        raise _Structural
    return members


def _edits(node: Node | None, value: Json) -> Iterator[_Edit]:
    if isinstance(value, dict):
        members = _members(node)
        if members.keys() != value.keys():
            raise _Structural
        for key, each in value.items():
            yield from _edits(members[key], each)
    elif isinstance(value, list):
        if not isinstance(node, Branch) or node.is_object or len(node.items) != len(value):
            raise _Structural
        for item, each in zip(node.items, value, strict=True):
            yield from _edits(item.node, each)
    else:
        yield from _edit(node, value)


def _edit(leaf: Node | None, value: Json) -> Iterator[_Edit]:
    if not isinstance(leaf, Leaf):
        raise _Structural
    if leaf.value == value and type(leaf.value) is type(value):
        return
    if leaf.end <= leaf.start or leaf.style in ("|", ">"):
        raise _Structural
    plain = scalar_text(value)
    if leaf.style == "'" and isinstance(value, str) and value.isprintable():
        doubled = value.replace("'", "''")
        plain = f"'{doubled}'"
    elif leaf.style == '"' and plain == value:
        plain = f'"{value}"'
    yield leaf.start, leaf.end, plain


def _means(text: str, path: tuple[str, ...], fields: JsonObject) -> bool:
    reading = read_documents("changed.yaml", text.encode())
    if reading.problems or len(reading.documents) != 1:
        return False
    found: Json = reading.documents[0].body
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return isinstance(found, dict) and all(found.get(name) == fields[name] for name in fields)
