"""A topology as a Mermaid flowchart, which GitHub, GitLab and many wikis draw."""

from collections.abc import Iterator
from typing import Final

from gitmesh.safe_text import visible
from gitmesh.topology.drawing.style import MARK_COLOURS
from gitmesh.topology.drawing.wording import ENGLISH, Wording, caption, shown_names
from gitmesh.topology.labels import label
from gitmesh.topology.model import Edge, Mark, Topology, Vertex
from mesh.keys import Kind, ResourceKey

_SHAPES: Final = {
    Kind.VIRTUAL_GATEWAY: ("[/", "\\]"),
    Kind.VIRTUAL_SERVICE: ("([", "])"),
    Kind.VIRTUAL_ROUTER: ("{{", "}}"),
    Kind.VIRTUAL_NODE: ("[", "]"),
}
_PLAIN: Final = frozenset(" ._/-,:=+()→·…%")


def mermaid(whole: Topology, title: str, words: Wording = ENGLISH) -> str:
    """Return a flowchart from left to right, ending with a line feed.

    Names are text in quotes, with every special character as an entity: they add no syntax, no
    Markdown and no HTML.
    """
    return "\n".join(_lines(whole, title, words)) + "\n"


def quoted(text: str) -> str:
    """Return text as a quoted Mermaid string."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    shown = visible(text).replace("%%", "% %")  # which would begin a comment
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in shown)


def _lines(whole: Topology, title: str, words: Wording) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_escaped(title)}"
    number = {vertex.key: f"v{at}" for at, vertex in enumerate(whole.vertices)}
    for vertex in whole.vertices:
        before, after = _SHAPES[vertex.kind]
        yield f'  {number[vertex.key]}{before}"{_label(vertex, words)}"{after}'
    for edge in whole.edges:
        yield f"  {_edge(edge, number)}"
    yield from _colours(whole, number)


def _label(vertex: Vertex, words: Wording) -> str:
    rows = (f"{row.key.name}: {row.match}" for row in vertex.rows)
    lines = (caption(vertex, words), *shown_names(vertex), *rows)
    return "<br/>".join(map(_escaped, lines))


def _edge(edge: Edge, number: dict[ResourceKey, str]) -> str:
    texts = [edge.route.name] if edge.route else []
    texts += [shown] if (shown := label(edge)) else []
    unused = edge.weight is not None and not edge.weight.now
    arrow = "-.->" if unused or edge.mark is Mark.REMOVED else "-->"
    middle = f"|{quoted(': '.join(texts))}|" if texts else ""
    return f"{number[edge.source]} {arrow}{middle} {number[edge.target]}"


def _colours(whole: Topology, number: dict[ResourceKey, str]) -> Iterator[str]:
    for mark, colour in MARK_COLOURS.items():
        vertices = [number[each.key] for each in whole.vertices if each.mark is mark]
        if vertices:
            dashes = ",stroke-dasharray:6 3" if mark is Mark.REMOVED else ""
            yield f"  classDef {mark} stroke:{colour},stroke-width:2px{dashes}"
            yield f"  class {','.join(vertices)} {mark}"
        edges = [str(at) for at, edge in enumerate(whole.edges) if edge.mark is mark]
        if edges:
            yield f"  linkStyle {','.join(edges)} stroke:{colour}"
    missing = [number[each.key] for each in whole.vertices if not each.exists]
    if missing:
        yield "  classDef missing stroke-dasharray:4 3"
        yield f"  class {','.join(missing)} missing"
