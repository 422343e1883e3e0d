"""Topology: who calls whom, and with which weights?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from markupsafe import Markup

from events.types import Seq
from gitmesh.console import paths
from gitmesh.console.shown_mesh import shown_state
from gitmesh.console.topology.asked import DEPTHS, Asked, asked
from gitmesh.console.topology.table import alone, lines
from gitmesh.console.topology.words import wording
from gitmesh.console.visit import Answer, PageError, View, Visit
from gitmesh.service.recent import Recent
from gitmesh.service.topology.moments import Topologies, served_seq
from gitmesh.service.traffic.lately import lately
from gitmesh.topology import view as views
from gitmesh.topology.comparison import differing
from gitmesh.topology.drawing.svg import Drawing, svg
from gitmesh.topology.drawing.wording import summary
from gitmesh.topology.layout.packing import layout
from gitmesh.topology.layout.placed import Layout
from gitmesh.topology.live import EdgeIdentity, Observed, observed_edges
from gitmesh.topology.model import Topology
from gitmesh.topology.neighbourhood import MOST
from gitmesh.topology.search import found
from gitmesh.topology.view import FULL_AT_MOST, FULL_UP_TO, Detail, busiest_service
from mesh.errors import UsageError
from mesh.keys import ResourceKey

MOST_ROWS: Final = 400
"""Maximum number of rows of the table; the page says how many are left out."""

_topologies: Final = Topologies()
_views: Final[Recent[views.View]] = Recent(32)
_layouts: Final[Recent[Layout]] = Recent(32)


def topology(visit: Visit) -> Answer:
    """Return the neighbourhood of a resource, or the whole mesh, at a moment or between two."""
    chosen = asked(visit.query)
    moments = _moments(visit, chosen)
    whole = _whole(visit, moments)
    results = found(whole, chosen.search)
    if len(results) == 1 and not chosen.around:
        chosen = replace(chosen, around=str(results[0]), search="")
    place = visit.served.log_path, moments, visit.caller.permission, chosen
    shown = _views.get(place, lambda: _shown(visit, whole, chosen))
    observed = {} if visit.at or chosen.diff else _observed(visit, shown.topology, whole)
    placed = _layouts.get(
        (shown.topology, bool(observed)), lambda: layout(shown.topology, rates=bool(observed))
    )
    words = wording(visit.words, sees_all=visit.caller.permission.reads_all)
    drawing = Drawing(
        visit.words._("Topology"),
        summary(shown.topology, words),
        shown.centre,
        chosen.about,
        words,
        observed,
        standalone=False,
    )
    rows = list(lines(shown.topology, placed, observed))
    values = {
        "asked": chosen,
        "results": results if chosen.search else (),
        "view": shown,
        "size": len(whole.vertices),
        "offers_full": len(whole.vertices) <= FULL_AT_MOST,
        "depths": DEPTHS,
        "reduced": shown.centre is not None and shown.depth < chosen.depth,
        "picture": Markup(svg(placed, drawing)),  # noqa: S704 -- names are escaped in it
        "summary": drawing.description,
        "words": words,
        "rows": rows[:MOST_ROWS],
        "left_out": max(0, len(rows) - MOST_ROWS),
        "alone": alone(shown.topology),
        "observes": bool(observed),
        "refreshes": not visit.at and not chosen.diff,
        "changes": len(differing(whole)) if chosen.diff else 0,
        "paths": paths,
    }
    return View("topology/topology.html", values)


def _moments(visit: Visit, chosen: Asked) -> tuple[Seq | None, Seq]:
    """Return the position that is shown, and before it the one that it is compared with."""
    try:
        seq = _seq(visit, visit.at)
        return _seq(visit, chosen.diff) if chosen.diff else None, seq
    except UsageError as error:
        raise PageError(400, error.message, error.hint) from None


def _whole(visit: Visit, moments: tuple[Seq | None, Seq]) -> Topology:
    served, permission = visit.served, visit.caller.permission
    before, seq = moments
    if before is None:
        return _topologies.at(served.meshes, served.log_path, seq, permission)
    return _topologies.between(served.meshes, served.log_path, before, seq, permission)


def _seq(visit: Visit, moment: str | None) -> Seq:
    if moment is None:
        return served_seq(visit.served.log)
    return shown_state(visit, moment).state.seq


def _shown(visit: Visit, whole: Topology, chosen: Asked) -> views.View:
    if chosen.around:
        centre = _named(chosen.around)
        around = None if centre is None else views.view_around(whole, centre, chosen.depth)
        if around is None:
            words = visit.words._("This resource is not in the mesh at this moment.")
            raise PageError(404, words, chosen.around)
        return around
    start = busiest_service(whole)
    if chosen.detail or chosen.diff or start is None or len(whole.vertices) <= FULL_UP_TO:
        return views.whole_view(whole, Detail(chosen.detail or Detail.AUTO))
    return views.view_around(whole, start, chosen.depth, MOST) or views.whole_view(whole)


def _named(text: str) -> ResourceKey | None:
    try:
        return ResourceKey.parse(text)
    except UsageError:
        return None


def _observed(visit: Visit, shown: Topology, whole: Topology) -> Mapping[EdgeIdentity, Observed]:
    """Return the traffic of the last minute, of callers that the visitor may see."""
    traffic, seconds = lately(visit.served.log_path, visit.now.timestamp())
    may_read = visit.caller.permission.may_read
    sums = [each for each in traffic.sums if may_read(ResourceKey.parse(each[0].caller))]
    return observed_edges(shown, whole, sums, seconds) if sums else {}
