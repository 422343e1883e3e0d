"""Layout of a whole topology: its connected parts, packed in rows of about the same width."""

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from typing import Final

from gitmesh.topology.layout.layered import layered
from gitmesh.topology.layout.placed import Box, Layout, Line
from gitmesh.topology.model import Topology
from mesh.keys import ResourceKey

BETWEEN_PARTS: Final = 40
_ASPECT: Final = 1.8
"""Wanted width of many small parts, in heights."""


def layout(whole: Topology, *, rates: bool = False) -> Layout:
    """Return the layout of a topology.

    The same topology has the same layout, whatever the order in which its parts were made. The
    layout of a connected part depends on nothing outside it.

    :param rates: leave room for traffic beside the weights.
    """
    parts = [layered(part, rates=rates) for part in connected_parts(whole)]
    parts.sort(key=lambda part: (-len(part.boxes), part.boxes[0].vertex.key))
    boxes: list[Box] = []
    lines: list[Line] = []
    width = height = 0
    for part, x, y in _shelved(parts):
        boxes += (replace(box, x=box.x + x, y=box.y + y) for box in part.boxes)
        lines += (_moved(line, x, y) for line in part.lines)
        width, height = max(width, x + part.width), max(height, y + part.height)
    boxes.sort(key=lambda box: box.vertex.key)
    lines.sort(key=lambda line: line.edge.identity)
    return Layout(tuple(boxes), tuple(lines), width, height)


def connected_parts(whole: Topology) -> Iterator[Topology]:
    """Yield the parts between which there is no edge, in the order of their first vertices."""
    part_of: dict[ResourceKey, ResourceKey] = {}
    for vertex in whole.vertices:
        if vertex.key not in part_of:
            part_of.update((key, vertex.key) for key in _reached(whole, vertex.key))
    vertices: dict[ResourceKey, list[int]] = {}
    edges: dict[ResourceKey, list[int]] = {}
    for at, vertex in enumerate(whole.vertices):
        vertices.setdefault(part_of[vertex.key], []).append(at)
    for at, edge in enumerate(whole.edges):
        edges.setdefault(part_of[edge.source], []).append(at)
    for first, members in vertices.items():
        yield Topology(
            tuple(whole.vertices[at] for at in members),
            tuple(whole.edges[at] for at in edges.get(first, ())),
        )


def _reached(whole: Topology, start: ResourceKey) -> set[ResourceKey]:
    seen, pending = {start}, [start]
    while pending:
        key = pending.pop()
        others = {edge.target for edge in whole.outgoing.get(key, ())}
        others.update(edge.source for edge in whole.incoming.get(key, ()))
        pending += others - seen
        seen |= others
    return seen


def _shelved(parts: list[Layout]) -> Iterator[tuple[Layout, int, int]]:
    """Yield each part with the place of its upper left corner."""
    area = sum((p.width + BETWEEN_PARTS) * (p.height + BETWEEN_PARTS) for p in parts)
    most = max([round(sqrt(area * _ASPECT)), *(part.width for part in parts)])
    x = y = tallest = 0
    for part in parts:
        if x and x + part.width > most:
            x, y, tallest = 0, y + tallest + BETWEEN_PARTS, 0
        yield part, x, y
        x += part.width + BETWEEN_PARTS
        tallest = max(tallest, part.height)


def _moved(line: Line, x: int, y: int) -> Line:
    return replace(line, points=tuple((left + x, top + y) for left, top in line.points))
