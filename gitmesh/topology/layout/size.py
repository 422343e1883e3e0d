"""Size of boxes, from estimated widths of text: no browser is asked, so layouts are the same."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from gitmesh.safe_text import visible
from gitmesh.topology.model import Mark, Row, Vertex

CHARACTER: Final = 7.3
"""Width of a character of the monospace fonts that browsers choose, at 12 px."""
LABEL_CHARACTER: Final = 6.7
"""Width of a character of a label, at 11 px."""
LINE: Final = 16
PADDING: Final = 10
CAPTION: Final = 15
"""Height of the line that tells the kind."""
SLOT: Final = 18
"""Distance of edges with a weight where they arrive, so that their labels do not overlap."""
LONGEST: Final = 34
"""Most characters of a line of text. A longer name is continued in the next line."""
_LEAST_WIDTH: Final = 110
_MATCH_LINES: Final = 3
"""Most lines of a match; what is longer is only in the row's title."""
NAMED: Final = 3
"""Maximum number of members of a group that a picture names."""


@dataclass(frozen=True, slots=True)
class RowText:
    """A row: its lines of text, and their place in the box."""

    row: Row
    lines: tuple[str, ...]
    y: int

    @property
    def height(self) -> int:
        """Height of the row."""
        return LINE * len(self.lines) + 4

    @property
    def middle(self) -> int:
        """Height at which the edges of the row leave, measured from the top of the box."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a box and the text inside it."""

    width: int
    height: int
    lines: tuple[str, ...]
    """The name; for a group, the names of some members."""
    rows: tuple[RowText, ...]


def columns(text: str) -> int:
    """Return the width of text in columns of a monospace font."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def wrapped(text: str, longest: int = LONGEST) -> tuple[str, ...]:
    """Return text in lines of at most that many columns, broken after punctuation if possible.

    Joined, the lines are the text, with control characters made visible.
    """
    return tuple(_wrapped(visible(text), longest)) or ("",)


def _wrapped(text: str, longest: int) -> Iterator[str]:
    while columns(text) > longest:
        end = longest
        while columns(text[:end]) > longest:
            end -= 1
        at = next(filter(None, (_after(text, marks, end) for marks in (" ", ".-_/:"))), end)
        yield text[:at]
        text = text[at:]
    if text:
        yield text


def _after(text: str, marks: str, end: int) -> int:
    """Return where a line may end, behind one of these marks and in its second half; 0 if not."""
    return max(text.rfind(mark, end // 2, end) + 1 for mark in marks)


def size_of(vertex: Vertex, labelled: int = 0) -> Size:
    """Return the size of a vertex's box.

    :param labelled: number of arriving edges with a label, each of which needs a slot.
    """
    lines = _names(vertex)
    y = CAPTION + LINE * len(lines) + PADDING
    rows: list[RowText] = []
    for row in vertex.rows:
        text = RowText(row, _row_lines(row), y)
        rows.append(text)
        y += text.height
    texts = [*lines, *(line for row in rows for line in row.lines), _caption_room(vertex)]
    width = max(_LEAST_WIDTH, *(ceil(columns(line) * CHARACTER) + 2 * PADDING for line in texts))
    return Size(width, max(y, labelled * SLOT + PADDING), lines, tuple(rows))


def _names(vertex: Vertex) -> tuple[str, ...]:
    if not vertex.group:
        return wrapped(vertex.key.name)
    named = [wrapped(key.name, LONGEST)[0] for key in vertex.group[:NAMED]]
    rest = len(vertex.group) - len(named)
    return (*named, f"… +{rest}") if rest else tuple(named)


def _row_lines(row: Row) -> tuple[str, ...]:
    together = f"{row.key.name}  {row.match}"
    if columns(visible(together)) <= LONGEST:
        return (visible(together),)
    match = wrapped(row.match, LONGEST - 2)
    if len(match) > _MATCH_LINES:
        match = (*match[: _MATCH_LINES - 1], match[_MATCH_LINES - 1][:-1] + "…")
    return (*wrapped(row.key.name), *(f"  {line}" for line in match))


def _caption_room(vertex: Vertex) -> str:
    """Return text as wide as the caption with its mark and its number of hidden neighbours."""
    marked = vertex.mark is not Mark.SAME or not vertex.exists
    return " " * (15 + 10 * marked + 5 * bool(vertex.hidden) + 3 * bool(vertex.group))


def label_width(text: str) -> int:
    """Return the width of the label of an edge."""
    return ceil(columns(text) * LABEL_CHARACTER)
