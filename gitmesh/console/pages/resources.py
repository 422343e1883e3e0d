"""All resources, to find one by its name."""

from typing import Final

from gitmesh.console import paths
from gitmesh.console.shown_mesh import graph_at
from gitmesh.console.visit import Answer, View, Visit
from mesh.keys import Kind

PER_PAGE: Final = 50


def resources(visit: Visit) -> Answer:
    """Return the resources whose names have a text in them, some on each page."""
    graph, text = graph_at(visit), visit.query.get("q", "").strip().lower()
    kind = next((each for each in Kind if each.value == visit.query.get("kind")), None)
    found = sorted(
        key for key in graph.resources if text in str(key).lower() and kind in (None, key.kind)
    )
    page = _page(visit.query.get("page", "1"))
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    values = {
        "paths": paths,
        "keys": shown,
        "places": {key: graph.resources[key].source.path for key in shown},
        "text": visit.query.get("q", ""),
        "kind": kind,
        "kinds": list(Kind),
        "page": page,
        "pages": max(1, -(-len(found) // PER_PAGE)),
        "total": len(found),
        "is_empty": not graph.resources,
        "may_write": visit.caller.permission.may_write_something(),
    }
    return View("resources.html", values)


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else 1
