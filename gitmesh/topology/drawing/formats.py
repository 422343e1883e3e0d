"""A view in each format, by its name."""

from gitmesh.topology.drawing.dot import dot
from gitmesh.topology.drawing.mermaid import mermaid
from gitmesh.topology.drawing.svg import Drawing, svg
from gitmesh.topology.drawing.text import text
from gitmesh.topology.drawing.wording import ENGLISH, Wording, summary
from gitmesh.topology.layout.packing import layout
from gitmesh.topology.view import View


def drawn(view: View, label: str, form: str, words: Wording = ENGLISH) -> str:
    """Return a view as ``text``, ``svg``, ``mermaid`` or ``dot``, ending with a line feed.

    :param label: name of the mesh, for the picture's title.
    :raises KeyError: there is no such format.
    """
    about = f"{view.centre} in {label}" if view.centre is not None else f"Mesh of {label}"
    match form:
        case "text":
            return text(view.topology, words)
        case "svg":
            said = summary(view.topology, words)
            drawing = Drawing(about, said, view.centre, words=words)
            return svg(layout(view.topology), drawing)
        case "mermaid":
            return mermaid(view.topology, about, words)
        case "dot":
            return dot(view.topology, about, words)
    raise KeyError(form)
