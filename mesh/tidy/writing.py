"""Writing of trees as YAML: two spaces per level, one item per line; flow style stays flow style.

The functions recurse; :mod:`mesh.parsing.value_builder` limits the depth of documents.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from mesh.tidy.scalar_text import literal_lines, scalar_text
from mesh.tidy.tree import Branch, Item, Leaf, Node, Sheet

WIDTH: Final = 100


def sheets_text(sheets: Iterable[Sheet]) -> str:
    """Return documents as one text; each ends with a newline."""
    return "---\n".join(_sheet_text(sheet) for sheet in sheets)


def _sheet_text(sheet: Sheet) -> str:
    lines = _squeezed(sheet.head, first=True)
    root = sheet.root
    if root is not None and root.items:
        lines += _branch(root, 0)
    elif root is not None:
        lines += [_flow(root), *root.after]
    return "".join(f"{line}\n" for line in lines)


def _branch(branch: Branch, indent: int) -> Iterator[str]:
    """Yield the lines of a non-empty object or list."""
    pad = " " * indent
    for index, item in enumerate(branch.items):
        above = [*item.before, *_hoisted(item, indent + 2)]
        yield from (pad + line if line else "" for line in _squeezed(above, first=index == 0))
        write = _list_item if item.key is None else _object_item
        yield from write(item, indent)
    yield from (pad + line for line in branch.after if line)


def _object_item(item: Item, indent: int) -> Iterator[str]:
    yield from _valued(f"{' ' * indent}{scalar_text(item.key)}:", item, indent)


def _valued(lead: str, item: Item, indent: int) -> Iterator[str]:
    """Yield ``lead`` with the value after or below it."""
    literal = literal_lines(item.node.value) if isinstance(item.node, Leaf) else None
    if literal is not None:
        yield f"{lead} {literal[0]}{_remark(item)}"
        yield from (" " * (indent + 2) + line if line else "" for line in literal[1:])
        return
    short = _short(item.node, len(lead) + 1)
    if short is not None:
        yield f"{lead} {short}{_remark(item)}"
        if isinstance(item.node, Branch):
            yield from (" " * indent + line for line in item.node.after)
        return
    yield lead + _remark(item)
    if isinstance(item.node, Branch):
        yield from _branch(item.node, indent + 2)


def _list_item(item: Item, indent: int) -> Iterator[str]:
    dash = " " * indent + "-"
    node = item.node
    if isinstance(node, Leaf) or _short(node, indent + 2) is not None:
        yield from _valued(dash, item, indent)
        return
    lines = _branch(node, indent + 2)
    if node.is_object:
        yield f"{dash} {next(lines)[indent + 2 :]}"
    else:
        yield dash
    yield from lines


def _hoisted(item: Item, column: int) -> list[str]:
    """Return the comments that must be above an item because they cannot follow its dash.

    They are the comment on the line of the dash, and the comments above the first key after it.
    """
    node = item.node
    if item.key is not None or isinstance(node, Leaf) or _short(node, column) is not None:
        return []
    first = node.items[0]
    lines = [item.beside, *first.before, *_hoisted(first, column + 2)]
    item.beside, first.before = "", []
    return [line for line in lines if line]


def _short(node: Node, column: int) -> str | None:
    """Return a node in flow style on one line, if it fits there."""
    if isinstance(node, Leaf):
        return scalar_text(node.value)
    if not node.items:
        return _flow(node)
    if not node.flow or node.inside:
        return None
    text = _flow(node)
    return text if column + len(text) <= WIDTH else None


def _flow(node: Node) -> str:
    if isinstance(node, Leaf):
        return scalar_text(node.value)
    parts = [
        _flow(item.node) if item.key is None else f"{scalar_text(item.key)}: {_flow(item.node)}"
        for item in node.items
    ]
    inner = ", ".join(parts)
    return f"{{{inner}}}" if node.is_object else f"[{inner}]"


def _remark(item: Item) -> str:
    return f" {item.beside}" if item.beside else ""


def _squeezed(lines: list[str], *, first: bool) -> list[str]:
    """Remove repeated blank lines, and blank lines above the first item."""
    result: list[str] = []
    for line in lines:
        if line or (result and result[-1]) or (not result and not first):
            result.append(line)
    return result
