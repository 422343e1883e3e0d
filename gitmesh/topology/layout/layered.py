"""Layout of one connected part, in columns from callers to called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gitmesh.topology.labels import label
from gitmesh.topology.layout.ordering import Order, Segment
from gitmesh.topology.layout.placed import Box, Layout, Line, Point
from gitmesh.topology.layout.placement import placed
from gitmesh.topology.layout.ranking import Pair, ranks, without_cycles
from gitmesh.topology.layout.size import SLOT, Size, label_width, size_of
from gitmesh.topology.model import Edge, Topology, Vertex
from mesh.keys import Kind

BETWEEN_BOXES: Final = 22
BETWEEN_COLUMNS: Final = 46
_AROUND_LABEL: Final = 18
_RATE: Final = " 9,999/s ✗ 99 %"
"""What a label may have beside the weight, so that a picture does not move with the traffic."""
_LINE_GAP: Final = 12
_CLASS: Final = {Kind.VIRTUAL_SERVICE: 1, Kind.VIRTUAL_ROUTER: 2}
"""Virtual nodes and gateways have class 0: what calls a service stands in the column before it."""
_LOW: Final = 0.8
"""Height at which edges that close a cycle leave and arrive, as a fraction of the box."""


def layered(part: Topology, *, rates: bool = False) -> Layout:
    """Return the layout of a connected part."""
    return _Layering(part, rates).layout()


@dataclass(frozen=True, slots=True)
class _Way:
    """An edge in the straightened graph, and the items that it passes between its ends."""

    edge: Edge
    left: int
    right: int
    backwards: bool
    passed: tuple[int, ...]

    @property
    def segments(self) -> Iterator[Segment]:
        items = (self.left, *self.passed, self.right)
        return pairwise(items)


class _Layering:
    """The state of one layout. Items are vertices by their number, then points of long edges."""

    def __init__(self, part: Topology, rates: bool) -> None:
        self._rates = rates
        self._vertices = part.vertices
        self._number = {vertex.key: at for at, vertex in enumerate(part.vertices)}
        self._arriving = part.incoming
        self._sizes = [self._size(vertex) for vertex in part.vertices]
        pairs = [self._pair(edge) for edge in part.edges]
        straight, closing = without_cycles(len(self._vertices), pairs)
        self._rank = self._ranks(straight)
        self._bends: dict[tuple[object, bool, int], int] = {}
        self._ways = [self._way(edge, closing) for edge in part.edges]
        self._columns = self._ordered()
        self._place = {item: at for column in self._columns for at, item in enumerate(column)}
        self._slots = self._arrivals()

    def layout(self) -> Layout:
        centre = self._centres()
        lefts, rights, width = self._sides()
        top = min(centre[item] - self._height(item) / 2 for item in centre)
        boxes = tuple(
            Box(
                vertex,
                lefts[self._rank[at]],
                round(centre[at] - self._sizes[at].height / 2 - top),
                self._sizes[at],
                self._rank[at],
            )
            for at, vertex in enumerate(self._vertices)
        )
        middle = {item: round(value - top) for item, value in centre.items()}
        lines = tuple(self._line(at, boxes, middle, lefts, rights) for at in range(len(self._ways)))
        lowest = [box.bottom for box in boxes] + [y for each in lines for _, y in each.points]
        return Layout(boxes, lines, width, max(lowest))

    # ---- columns ------------------------------------------------------------------------

    def _size(self, vertex: Vertex) -> Size:
        arriving = self._arriving.get(vertex.key, ())
        labelled = sum(edge.weight is not None for edge in arriving)
        return size_of(vertex, labelled + (labelled < len(arriving)) if labelled else 0)

    def _pair(self, edge: Edge) -> Pair:
        return self._number[edge.source], self._number[edge.target]

    def _ranks(self, straight: Sequence[Pair]) -> list[int]:
        inner = any(vertex.kind is Kind.VIRTUAL_ROUTER for vertex in self._vertices)
        classes = [_CLASS.get(vertex.kind, 0) if inner else 0 for vertex in self._vertices]
        return ranks(classes, 3 if inner else 1, straight)

    def _way(self, edge: Edge, closing: frozenset[Pair]) -> _Way:
        source, target = pair = self._pair(edge)
        backwards = pair in closing
        left, right = (target, source) if backwards else pair
        between = range(self._rank[left] + 1, self._rank[right])
        return _Way(edge, left, right, backwards, tuple(self._bend(edge, rank) for rank in between))

    def _bend(self, edge: Edge, rank: int) -> int:
        """Return the item in a column that an edge passes.

        Calls of one service pass the same, so that they join on their way.
        """
        path = edge.target if edge.relation.is_call else edge.identity
        backwards = self._rank[self._number[edge.source]] > self._rank[self._number[edge.target]]
        known = (path, backwards, rank)
        return self._bends.setdefault(known, len(self._vertices) + len(self._bends))

    def _ordered(self) -> list[list[int]]:
        segments = list(dict.fromkeys(each for way in self._ways for each in way.segments))
        columns: list[list[int]] = [[] for _ in range(max(self._rank) + 1)]
        columns_of = [*self._rank, *(rank for *_, rank in self._bends)]
        for item in _depth_first(len(columns_of), segments, columns_of):
            columns[columns_of[item]].append(item)
        leaves = {
            (way.left, next(iter(way.segments))[1]): self._leaving(way) / self._height(way.left)
            for way in self._ways
        }
        return Order(columns, segments, leaves).improved()

    # ---- heights ------------------------------------------------------------------------

    def _height(self, item: int) -> int:
        return self._sizes[item].height if item < len(self._sizes) else 0

    def _leaving(self, way: _Way) -> float:
        """Return where an edge leaves its left end, below the top of the box."""
        if way.backwards:
            return self._sizes[way.left].height * _LOW
        size = self._sizes[way.left]
        for row in size.rows:
            if row.row.key == way.edge.route:
                return row.middle
        return size.height / 2

    def _arrivals(self) -> dict[int, float]:
        """Return where each way arrives at its right end, below the top of the box.

        Edges with a label arrive one below the other, in the order of what they come from; all
        others arrive at one place.
        """
        arriving: dict[int, list[int]] = {}
        for at, way in enumerate(self._ways):
            arriving.setdefault(way.right, []).append(at)
        found: dict[int, float] = {}
        for item, ways in arriving.items():
            found.update(self._slots_of(item, ways))
        return found

    def _slots_of(self, item: int, ways: Sequence[int]) -> Iterator[tuple[int, float]]:
        height = self._sizes[item].height
        slots: dict[object, list[int]] = {}
        for at in sorted(ways, key=self._arrival_order):
            way = self._ways[at]
            if way.backwards:
                yield at, height * _LOW
            else:
                slots.setdefault(at if way.edge.weight else "plain", []).append(at)
        first = (height - SLOT * (len(slots) - 1)) / 2
        for number, members in enumerate(slots.values()):
            yield from ((at, first + SLOT * number) for at in members)

    def _arrival_order(self, at: int) -> tuple[int, float, int]:
        way = self._ways[at]
        return self._place[(way.left, *way.passed)[-1]], self._leaving(way), at

    def _centres(self) -> dict[int, float]:
        links: dict[int, list[tuple[int, float]]] = {}
        for at, way in enumerate(self._ways):
            leaves = self._leaving(way) - self._height(way.left) / 2
            arrives = self._slots[at] - self._height(way.right) / 2
            for left, right in way.segments:
                apart = leaves * (left == way.left) - arrives * (right == way.right)
                links.setdefault(right, []).append((left, apart))
                links.setdefault(left, []).append((right, -apart))
        bends = range(len(self._vertices), len(self._vertices) + len(self._bends))
        gaps: dict[int, float] = dict.fromkeys(bends, _LINE_GAP)
        gaps.update((at, size.height + BETWEEN_BOXES) for at, size in enumerate(self._sizes))
        return placed(self._columns, gaps, links, dict.fromkeys(bends, 2.0))

    # ---- coordinates ----------------------------------------------------------------------

    def _sides(self) -> tuple[list[int], list[int], int]:
        """Return the left and the right side of each column, and the width of all."""
        widths = [0] * len(self._columns)
        for at, size in enumerate(self._sizes):
            widths[self._rank[at]] = max(widths[self._rank[at]], size.width)
        rooms: dict[int, int] = {}
        for way in self._ways:
            rooms[self._rank[way.right]] = max(
                rooms.get(self._rank[way.right], 0), self._room(way.edge)
            )
        lefts, x = [], 0
        for column, width in enumerate(widths):
            x += rooms.get(column, 0)
            lefts.append(x)
            x += width + BETWEEN_COLUMNS
        rights = [left + width for left, width in zip(lefts, widths, strict=True)]
        return lefts, rights, rights[-1]

    def _line(
        self,
        at: int,
        boxes: Sequence[Box],
        middle: Mapping[int, int],
        lefts: Sequence[int],
        rights: Sequence[int],
    ) -> Line:
        way = self._ways[at]
        left, right = boxes[way.left], boxes[way.right]
        leaves = left.y + round(self._leaving(way))
        points: list[Point] = [(left.right, leaves)]
        if left.right < rights[left.column]:  # no curve before the widest box of the column ends
            points.append((rights[left.column], leaves))
        for column, item in enumerate(way.passed, left.column + 1):
            points += [(lefts[column], middle[item]), (rights[column], middle[item])]
        if way.left == way.right:  # it calls itself
            points = [(left.right, leaves)]
            points.append((left.right, left.y + round(left.size.height * _LOW)))
        else:
            arrives = right.y + round(self._slots[at])
            room = self._room(way.edge)
            if room and not way.backwards:  # the label stands on a level line
                points.append((right.x - room, arrives))
            points.append((right.x, arrives))
        return Line(
            way.edge, tuple(reversed(points)) if way.backwards else tuple(points), way.backwards
        )

    def _room(self, edge: Edge) -> int:
        """Return the length of the level end of an edge, on which its label stands."""
        text = label(edge)
        if text and self._rates:
            text += _RATE
        return label_width(text) + _AROUND_LABEL if text else 0


def _depth_first(
    count: int, segments: Sequence[Segment], columns_of: Sequence[int]
) -> Iterator[int]:
    """Yield all items, each after one that leads to it, if any does."""
    following: dict[int, list[int]] = {}
    for left, right in segments:
        following.setdefault(left, []).append(right)
    seen: set[int] = set()
    for root in sorted(range(count), key=lambda item: (columns_of[item], item)):
        pending = [root]
        while pending:
            item = pending.pop()
            if item not in seen:
                seen.add(item)
                yield item
                pending.extend(reversed(following.get(item, ())))
