"""Comparison: what is different between two moments?"""

from events.types import Seq
from gitmesh.console import paths
from gitmesh.console.history.moments import mesh_at
from gitmesh.console.shown_changes import changes_of
from gitmesh.console.shown_mesh import connected
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.service.changes.difference import difference
from gitmesh.service.history.served_state import ServedState, served_state
from mesh.errors import UsageError


def comparison(visit: Visit) -> Answer:
    """Return the changes from one moment to another; to now without ``?after=``."""
    names = visit.query.get("before", ""), visit.query.get("after", "")
    values = {"paths": paths, "before": names[0], "after": names[1], "error": None, "found": None}
    if not names[0]:
        return View("history/comparison.html", values)
    try:
        old, new = (_state(visit, name) for name in names)
    except UsageError as error:
        return View("history/comparison.html", values | {"error": error}, 400)
    before, after = (mesh_at(visit, each.state.seq) for each in (old, new))
    found = difference(before, after, connected(visit))
    shown = {
        "found": found,
        "changes": changes_of(found.changes),
        "commits": (old.state.commit, new.state.commit),
        "swapped": paths.compare_path(names[1] or str(Seq(new.state.seq)), names[0]),
    }
    return View("history/comparison.html", values | shown)


def _state(visit: Visit, name: str) -> ServedState:
    served = visit.served
    return served_state(served.log, served.repo, name or None, served.meshes.state)
