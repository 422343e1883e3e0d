"""All resources, to find one by its name."""

from typing import Final

from gitmesh.console import paths
from gitmesh.console.listing import list_page
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
    listed = list_page(found, visit.query.get("page", ""), PER_PAGE)
    values = {
        "paths": paths,
        "keys": listed.shown,
        "places": {key: graph.resources[key].source.path for key in listed.shown},
        "text": visit.query.get("q", ""),
        "kind": kind,
        "kinds": list(Kind),
        "listed": listed,
        "is_empty": not graph.resources,
        "may_write": visit.caller.permission.may_write_something(),
    }
    return View("resources.html", values)
