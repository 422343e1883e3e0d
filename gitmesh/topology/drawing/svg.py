"""A layout as SVG that needs no script: geometry in attributes, colours in classes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from gitmesh.safe_text import visible
from gitmesh.topology.drawing.style import STYLE
from gitmesh.topology.drawing.wording import ENGLISH, Wording, caption, edge_sentence
from gitmesh.topology.labels import label
from gitmesh.topology.layout.placed import Box, Layout, Line, Point
from gitmesh.topology.layout.size import CAPTION, LINE, PADDING, RowText
from gitmesh.topology.live import EdgeIdentity, Observed, together
from gitmesh.topology.model import Edge, Mark
from mesh.keys import Kind, ResourceKey

MARGIN: Final = 12
_HEAD: Final = 8
"""Length of an arrow's head."""
_ROUND: Final = {Kind.VIRTUAL_SERVICE: 14, Kind.VIRTUAL_NODE: 5}


@dataclass(frozen=True, slots=True)
class Drawing:
    """Options and texts of a picture, besides its layout."""

    title: str
    description: str
    centre: ResourceKey | None = None
    """The resource that the picture is about; a route is highlighted in its router."""
    link: Callable[[ResourceKey], str] | None = None
    """Address of a resource's own picture; without it, boxes are not links."""
    words: Wording = ENGLISH
    observed: Mapping[EdgeIdentity, Observed] = field(default_factory=dict)
    standalone: bool = True
    """True for a file with its own colours, in light and dark; False inside a page with them."""


def svg(placed: Layout, drawing: Drawing) -> str:
    """Return a layout as one SVG element, ending with a line feed."""
    return "\n".join(_svg(placed, drawing)) + "\n"


def _svg(placed: Layout, drawing: Drawing) -> Iterator[str]:
    width, height = placed.width + 2 * MARGIN, placed.height + 2 * MARGIN
    role = "group" if drawing.link else "img"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="topology" role="{role}"'
        f' width="{width}" height="{height}"'
        f' viewBox="{-MARGIN} {-MARGIN} {width} {height}"'
        ' aria-labelledby="topology-title topology-description">'
    )
    yield f'<title id="topology-title">{_text(drawing.title)}</title>'
    yield f'<desc id="topology-description">{_text(drawing.description)}</desc>'
    if drawing.standalone:
        yield f"<style>{STYLE}</style>"
        yield f'<rect class="ground" x="{-MARGIN}" y="{-MARGIN}" width="100%" height="100%"/>'
    yield '<g class="edges" aria-hidden="true">'
    calls = _calls(placed.lines, drawing)
    for line in sorted(placed.lines, key=lambda each: each.edge.mark is not Mark.SAME):
        yield from _line(line, drawing, calls)
    yield "</g>"
    for box in placed.boxes:
        yield from _box(box, drawing)
    yield "</svg>"


# ---- edges ------------------------------------------------------------------------------------


def _calls(lines: Iterable[Line], drawing: Drawing) -> Mapping[EdgeIdentity, Observed | None]:
    """Return what the labels of calls say: they arrive at one point, where one has the sum."""
    arriving: dict[ResourceKey, list[Edge]] = {}
    for line in lines:
        if line.edge.relation.is_call and line.edge.identity in drawing.observed:
            arriving.setdefault(line.edge.target, []).append(line.edge)
    found = dict[EdgeIdentity, Observed | None]()
    for edges in arriving.values():
        first, *rest = edges
        found |= {each.identity: None for each in rest}
        found[first.identity] = together(drawing.observed[each.identity] for each in edges)
    return found


def _line(
    line: Line, drawing: Drawing, calls: Mapping[EdgeIdentity, Observed | None]
) -> Iterator[str]:
    edge = line.edge
    seen = drawing.observed.get(edge.identity)
    yield (
        f'<g class="{_edge_class(line, seen)}">'
        f"<title>{_text(edge_sentence(edge, drawing.words, seen))}</title>"
        f'<path class="line" d="{_path(line.points)}"{_width(line)}/>'
        f'<path class="head" d="{_head(line)}"/>'
        f"{_label(line, label(edge, calls.get(edge.identity, seen)))}</g>"
    )


def _edge_class(line: Line, seen: Observed | None) -> str:
    edge = line.edge
    words = ["edge", edge.relation.replace(" ", "-")]
    words += [edge.mark] if edge.mark is not Mark.SAME else []
    words += ["unused"] if edge.weight is not None and not edge.weight.now else []
    words += ["backwards"] if line.backwards else []
    words += ["failing"] if seen is not None and seen.is_failing else []
    return " ".join(words)


def _width(line: Line) -> str:
    """Return the attribute for a thicker line where more requests go."""
    weight = line.edge.weight
    return f' stroke-width="{1 + (weight.now or 0) / 50:.2g}"' if weight is not None else ""


def _path(points: tuple[Point, ...]) -> str:
    (x, y), *rest = points
    parts = [f"M{x} {y}"]
    for to_x, to_y in rest:
        if to_y == y and to_x != x:
            parts.append(f"H{to_x}")
        else:
            bend = (to_x - x) // 2 or 24  # an edge from a box to itself has no width
            end = to_x + bend if to_x == x else to_x - bend
            parts.append(f"C{x + bend} {y} {end} {to_y} {to_x} {to_y}")
        x, y = to_x, to_y
    return "".join(parts)


def _head(line: Line) -> str:
    (before, _), (x, y) = line.points[-2:]
    back = x - _HEAD if before < x else x + _HEAD
    return f"M{back} {y - 4}L{x} {y}L{back} {y + 4}Z"


def _label(line: Line, text: str) -> str:
    if not text:
        return ""
    (before, _), (x, y) = line.points[-2:]
    at, anchor = (x - 12, "end") if before < x else (x + 12, "start")
    return f'<text class="label" x="{at}" y="{y - 4}" text-anchor="{anchor}">{_text(text)}</text>'


# ---- boxes ------------------------------------------------------------------------------------


def _box(box: Box, drawing: Drawing) -> Iterator[str]:
    vertex = box.vertex
    about = vertex.key.name if not vertex.group else ", ".join(k.name for k in vertex.group[:20])
    told = f"{caption(vertex, drawing.words)}: {about}"
    if vertex.hidden:
        told += f" ({drawing.words.hidden.format(number=vertex.hidden)})"
    yield f'<g class="{_box_class(box, drawing)}">'
    if drawing.link:
        current = ' aria-current="true"' if vertex.key == drawing.centre else ""
        yield f"<a href={quoteattr(drawing.link(vertex.key))} aria-label={_quoted(told)}{current}>"
    yield f"<title>{_text(told)}</title>"
    size, round_ = box.size, _ROUND.get(vertex.kind, 1)
    extent = f'width="{size.width}" height="{size.height}" rx="{round_}"'
    if vertex.group:
        yield f'<rect class="frame behind" x="{box.x + 4}" y="{box.y + 4}" {extent}/>'
    yield f'<rect class="frame" x="{box.x}" y="{box.y}" {extent}/>'
    yield from _texts(box, drawing)
    if drawing.link:
        yield "</a>"
    for row in size.rows:
        yield from _row(box, row, drawing)
    yield "</g>"


def _box_class(box: Box, drawing: Drawing) -> str:
    vertex = box.vertex
    words = ["box", vertex.kind.segment]
    words += [vertex.mark] if vertex.mark is not Mark.SAME else []
    words += ["missing"] if not vertex.exists else []
    words += ["centre"] if vertex.key == drawing.centre else []
    return " ".join(words)


def _texts(box: Box, drawing: Drawing) -> Iterator[str]:
    x, y = box.x + PADDING, box.y + CAPTION
    kind = _text(caption(box.vertex, drawing.words))
    yield f'<text class="caption" x="{x}" y="{y}">{kind}</text>'
    if box.vertex.hidden:
        yield (
            f'<text class="hidden" x="{box.right - PADDING}" y="{y}" text-anchor="end">'
            f"+{box.vertex.hidden}</text>"
        )
    for line in box.size.lines:
        y += LINE
        yield f'<text class="name" x="{x}" y="{y}">{_text(line)}</text>'


def _row(box: Box, row: RowText, drawing: Drawing) -> Iterator[str]:
    top = box.y + row.y
    mark = f" {row.row.mark}" if row.row.mark is not Mark.SAME else ""
    centre = " centre" if row.row.key == drawing.centre else ""
    yield f'<g class="row{mark}{centre}">'
    told = f"{row.row.key.name}  {row.row.match}"
    if mark:
        told += f" ({drawing.words.marks[row.row.mark]})"
    yield f"<title>{_text(told)}</title>"
    yield f'<path class="rule" d="M{box.x} {top}H{box.right}"/>'
    for number, line in enumerate(row.lines, 1):
        y = top + LINE * number - 2
        yield f'<text x="{box.x + PADDING}" y="{y}">{_text(line)}</text>'
    yield "</g>"


def _text(text: str) -> str:
    """Return foreign text for SVG; spaces at its start and in its middle are kept."""
    return escape(visible(text)).replace("  ", "\u00a0\u00a0")


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
