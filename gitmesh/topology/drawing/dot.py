"""A topology in Graphviz's language DOT."""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from gitmesh.safe_text import visible
from gitmesh.topology.drawing.style import MARK_COLOURS
from gitmesh.topology.drawing.wording import ENGLISH, Wording, caption, shown_names
from gitmesh.topology.labels import label
from gitmesh.topology.model import Edge, Mark, Row, Topology, Vertex
from mesh.keys import ResourceKey

_PLAIN_COLOUR: Final = "#57606a"


def dot(whole: Topology, title: str, words: Wording = ENGLISH) -> str:
    """Return a directed graph from left to right, ending with a line feed.

    Routes are rows of their router, and edges leave from them. Names are escaped: they add no
    syntax and no markup.
    """
    return "\n".join(_lines(whole, title, words)) + "\n"


def _lines(whole: Topology, title: str, words: Wording) -> Iterator[str]:
    yield "digraph mesh {"
    yield f"  rankdir=LR; tooltip={_string(title)};"
    yield '  node [shape=plain, fontname="monospace", fontsize=11];'
    yield f'  edge [fontname="monospace", fontsize=10, color="{_PLAIN_COLOUR}"];'
    number = {vertex.key: f"v{at}" for at, vertex in enumerate(whole.vertices)}
    ports = {row.key: f"r{at}" for vertex in whole.vertices for at, row in enumerate(vertex.rows)}
    for vertex in whole.vertices:
        tooltip = _string(str(vertex.key))
        yield f"  {number[vertex.key]} [tooltip={tooltip}, {_label(vertex, words)}];"
    for edge in whole.edges:
        yield f"  {_edge(edge, number, ports)};"
    yield "}"


def _label(vertex: Vertex, words: Wording) -> str:
    names = map(_text, shown_names(vertex))
    head = [f'<FONT POINT-SIZE="9">{_text(caption(vertex, words))}</FONT>', *names]
    rows = "".join(_row(at, row) for at, row in enumerate(vertex.rows))
    style = ' STYLE="ROUNDED"' if not vertex.rows else ""
    colour = MARK_COLOURS.get(vertex.mark, _PLAIN_COLOUR)
    return (
        f'label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4"'
        f' COLOR="{colour}"{style}>'
        f'<TR><TD ALIGN="LEFT" BALIGN="LEFT">{"<BR/>".join(head)}</TD></TR>{rows}</TABLE>>'
    )


def _row(at: int, row: Row) -> str:
    colour = MARK_COLOURS.get(row.mark)
    text = _text(f"{row.key.name}  {row.match}")
    shown = f'<FONT COLOR="{colour}">{text}</FONT>' if colour else text
    return f'<TR><TD PORT="r{at}" ALIGN="LEFT" BORDER="1" SIDES="T">{shown}</TD></TR>'


def _edge(edge: Edge, number: dict[ResourceKey, str], ports: dict[ResourceKey, str]) -> str:
    port = f":{ports[edge.route]}:e" if edge.route in ports else ""
    colour = MARK_COLOURS.get(edge.mark)
    attributes = [f"label={_string(shown)}"] if (shown := label(edge)) else []
    attributes += [f'color="{colour}", fontcolor="{colour}"'] if colour else []
    unused = edge.weight is not None and not edge.weight.now
    attributes += ["style=dashed"] if unused or edge.mark is Mark.REMOVED else []
    listed = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{number[edge.source]}{port} -> {number[edge.target]}{listed}"


def _text(text: str) -> str:
    return escape(visible(text))


def _string(text: str) -> str:
    """Return text in quotes. Graphviz reads backslashes as escapes, and entities as characters."""
    shown = visible(text).replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"')
    return f'"{shown}"'
