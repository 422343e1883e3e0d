"""Comments of a YAML text: find each, and attach it to the value that it describes.

A comment above an item, or on its line, belongs to the item and moves with it. A comment after the
last item of a list or an object, in its column, belongs to the list or object. Blank lines are kept
as single blank lines.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mesh.tidy.tree import Branch, Item, Sheet, Trunk

_BREAK: Final = "\n\r\u0085\u2028\u2029"
_REMARK: Final = re.compile(
    rf"(?P<comment>#[^{_BREAK}]*)|(?<=\n)(?P<blank>[ \t\r]*\n)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Remark:
    """A comment or a blank line, with its position."""

    start: int
    column: int
    text: str
    """``""`` for a blank line."""
    own_line: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """An item of a document with its ancestors."""

    item: Item
    around: tuple[Branch, ...]
    """The ancestors of the item, from the root to its list or object."""
    owners: tuple[Item, ...]
    """For each ancestor, the item that contains it; the root has none."""


def attach(text: str, trunk: Trunk) -> list[Sheet]:
    """Attach every comment of the text to a document; return the documents that are not empty."""
    kept: list[Sheet] = []
    carried: list[str] = []
    ends = [sheet.start for sheet in trunk.sheets[1:]] + [len(text)]
    remarks = list(_remarks(text, trunk))
    for sheet, end in zip(trunk.sheets, ends, strict=True):
        own = [r for r in remarks if r.start < end]
        remarks = remarks[len(own) :]
        if sheet.root is None:
            carried += [remark.text for remark in own if remark.text]
            continue
        sheet.head += carried
        carried = []
        _attach(sheet, sheet.root, own)
        kept.append(sheet)
    last = kept[-1].root if kept else None
    if last is not None:
        last.after += carried
    return kept


def _remarks(text: str, trunk: Trunk) -> Iterator[_Remark]:
    """Yield the comments and blank lines between scalars, in text order."""
    spans = sorted([*_gaps(text, trunk), *trunk.headers])
    for start, end in spans:
        for found in _REMARK.finditer(text, start, end):
            at = found.start()
            line = max(text.rfind(mark, 0, at) for mark in _BREAK) + 1
            comment = found.group("comment") or ""
            # A comment after a dash alone belongs to the item that the dash begins.
            lead = text[line:at]
            own_line = not lead.strip(" \t-?\ufeff")
            column = len(lead) - len(lead.lstrip(" "))
            yield _Remark(at, column, comment.rstrip(), own_line)


def _gaps(text: str, trunk: Trunk) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in trunk.scalars:
        if start > at:
            yield at, start
        at = max(at, end)
    yield at, len(text)


def _attach(sheet: Sheet, root: Branch, remarks: list[_Remark]) -> None:
    places = list(_places(root))
    starts = [place.item.start for place in places]
    for remark in remarks:
        next_at = bisect_right(starts, remark.start)
        upcoming = places[next_at] if next_at < len(places) else None
        last = places[next_at - 1] if next_at else None
        if last is None and not root.flow:
            sheet.head.append(remark.text)
        elif not remark.text:
            if upcoming is not None and not upcoming.around[-1].flow:
                upcoming.item.before.append("")
        elif remark.own_line or last is None:
            _above(root, remark, upcoming, last)
        else:
            _beside(remark, last)


def _places(root: Branch) -> Iterator[_Place]:
    """Yield every item in text order, a parent before its children."""
    stack = [_Place(item, (root,), ()) for item in reversed(root.items)]
    while stack:
        place = stack.pop()
        yield place
        node = place.item.node
        if isinstance(node, Branch):
            around, owners = (*place.around, node), (*place.owners, place.item)
            stack += [_Place(item, around, owners) for item in reversed(node.items)]


def _above(root: Branch, remark: _Remark, upcoming: _Place | None, last: _Place | None) -> None:
    around = _open_at(root, remark, last)
    bracket = next((b for b in reversed(around) if b.flow and b.end > remark.start), None)
    if bracket is not None:
        inside = upcoming is not None and any(b is bracket for b in upcoming.around)
        home = bracket
    else:
        inside = upcoming is not None and upcoming.item.column >= remark.column
        fitting = [b for b in around if not b.flow and b.column <= remark.column]
        home = fitting[-1] if fitting else root
    if upcoming is not None and (inside or upcoming.around[-1] is home):
        upcoming.item.before.append(remark.text)
    else:
        home.after.append(remark.text)


def _open_at(root: Branch, remark: _Remark, last: _Place | None) -> tuple[Branch, ...]:
    """Return the objects and lists that end just before the comment."""
    if last is None:
        return (root,)
    node = last.item.node
    # If an item has just begun, its value may have begun too: "[ # comment".
    return (*last.around, node) if isinstance(node, Branch) and node.items else last.around


def _beside(remark: _Remark, last: _Place) -> None:
    item = last.item
    for owner, branch in zip(reversed(last.owners), reversed(last.around), strict=False):
        if not branch.flow or branch.end > remark.start:
            break
        item = owner  # the bracket is closed: the comment belongs to its container
    if item.beside:
        item.before.append(item.beside)
    item.beside = remark.text
