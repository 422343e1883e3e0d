"""A topology with coordinates. All numbers are whole pixels at 100 % zoom; y grows downwards."""

from dataclasses import dataclass

from gitmesh.topology.layout.size import Size
from gitmesh.topology.model import Edge, Vertex

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A vertex and the rectangle that it fills."""

    vertex: Vertex
    x: int
    y: int
    size: Size
    column: int
    """Number of columns before it, in its connected part."""

    @property
    def right(self) -> int:
        """The x of its right side."""
        return self.x + self.size.width

    @property
    def bottom(self) -> int:
        """The y of its lower side."""
        return self.y + self.size.height


@dataclass(frozen=True, slots=True)
class Line:
    """An edge and the points that it passes, from the right side of a box to the left of another.

    Between two points the line is a curve that is horizontal at both.
    """

    edge: Edge
    points: tuple[Point, ...]
    backwards: bool = False
    """True for an edge that closes a cycle: it leaves on the left and arrives on the right."""


@dataclass(frozen=True, slots=True)
class Layout:
    """All boxes, sorted by key of their vertex, and lines sorted by edge; no two boxes overlap."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int
