"""A YAML document as a tree: values with their positions and comments."""

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from mesh.canonical import Json
from mesh.parsing.scalars import resolve

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Leaf:
    """A scalar: text, number, boolean or null."""

    value: Json
    start: int = 0
    end: int = 0
    """End in the text; 0 if the value does not come from one."""
    style: str | None = None
    """The quote around it, or the ``|`` or ``>`` before it, as the text has it."""


@dataclass(slots=True)
class Item:
    """A member of an object or a list, with the comments above and beside it."""

    key: str | None
    """None in a list."""
    node: "Node"
    before: list[str] = field(default_factory=list)
    """Comments above, with ``""`` for a blank line."""
    beside: str = ""
    """Comment on the line of the item."""
    start: int = 0
    column: int = 0


@dataclass(slots=True)
class Branch:
    """An object or a list."""

    is_object: bool
    flow: bool = False
    """Written in flow style, with brackets on one line."""
    items: list[Item] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    """Comments after the last item."""
    start: int = 0
    end: int = 0
    column: int = 0

    @property
    def inside(self) -> bool:
        """True if it contains a comment, so that flow style is impossible."""
        return bool(self.after) or any(
            item.beside or any(item.before) or (isinstance(item.node, Branch) and item.node.inside)
            for item in self.items
        )


Node: TypeAlias = Leaf | Branch


@dataclass(slots=True)
class Sheet:
    """One document of a file."""

    start: int
    root: Branch | None = None
    head: list[str] = field(default_factory=list)
    """Comments at the top of the document; they stay there when items move."""


@dataclass(slots=True)
class Trunk:
    """A file: its documents, and the positions of scalars in its text."""

    sheets: list[Sheet] = field(default_factory=list)
    scalars: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of each scalar; no comment can begin inside one."""
    headers: list[tuple[int, int]] = field(default_factory=list)
    """For each block scalar, the rest of its first line after ``|``, which may be a comment."""
    plain: bool = True
    """True if the text uses only features that the tree can represent: no directives, anchors or
    tags."""


def node_of(value: Json) -> Node:
    """Return a value as a node without comments."""
    if isinstance(value, dict):
        return Branch(True, items=[Item(key, node_of(part)) for key, part in value.items()])
    if isinstance(value, list):
        return Branch(False, items=[Item(None, node_of(part)) for part in value])
    return Leaf(value)


def read_tree(text: str) -> Trunk:
    """Parse a text that was already accepted as documents; comments are left out.

    :raises yaml.YAMLError: the text is not YAML.
    """
    grower = _Grower(text)
    for event in yaml.parse(text, _LOADER):
        grower.handle(event)
    return grower.trunk


class _Grower:
    """Builds the tree from parser events with a stack, without recursion."""

    def __init__(self, text: str) -> None:
        self.trunk = Trunk()
        self._text = text
        self._stack: list[Branch] = []
        self._keys: list[Item | None] = []
        """For each open object, the item whose value comes next."""

    def handle(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.trunk.plain &= not (event.version or event.tags)
            begins = event.explicit or self.trunk.sheets
            self.trunk.sheets.append(Sheet(_index(event.start_mark) if begins else -1))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop().end = _index(event.end_mark)
            self._keys.pop()
        elif isinstance(event, yaml.NodeEvent):
            self.trunk.plain &= event.anchor is None and getattr(event, "tag", None) is None
            self._node(event)

    def _node(self, event: yaml.NodeEvent) -> None:
        start = _index(event.start_mark)
        column = event.start_mark.column if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, start, column)
            return
        if not isinstance(event, yaml.CollectionStartEvent):
            return  # an alias: the text is not plain
        is_object = isinstance(event, yaml.MappingStartEvent)
        branch = Branch(is_object, bool(event.flow_style), start=start, column=column)
        self._place(branch, start, column)
        self._stack.append(branch)
        self._keys.append(None)

    def _scalar(self, event: yaml.ScalarEvent, start: int, column: int) -> None:
        end = _index(event.end_mark)
        self.trunk.scalars.append((start, end))
        if event.style in ("|", ">"):
            line_end = self._text.find("\n", start, end)
            self.trunk.headers.append((start, end if line_end < 0 else line_end))
        text: str = event.value
        if self._stack and self._stack[-1].is_object and self._keys[-1] is None:
            item = Item(text, Leaf(None), start=start, column=column)
            self._stack[-1].items.append(item)
            self._keys[-1] = item
            return
        value = resolve(text) if event.implicit[0] else text
        self._place(Leaf(value, start, end, event.style), start, column)

    def _place(self, node: Node, start: int, column: int) -> None:
        if not self._stack:
            self.trunk.sheets[-1].root = node if isinstance(node, Branch) else None
            return
        parent = self._stack[-1]
        if not parent.is_object:
            # A dash is in the column where the list begins.
            column = column if parent.flow else parent.column
            parent.items.append(Item(None, node, start=start, column=column))
            return
        due = self._keys[-1]
        if due is not None:
            due.node = node
            self._keys[-1] = None


def _index(mark: Any) -> int:
    return int(mark.index) if mark else 0
