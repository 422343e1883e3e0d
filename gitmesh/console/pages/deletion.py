"""Delete a resource: shown with who refers to it before anything goes."""

from gitmesh.console import paths
from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.pages.review import reviewed
from gitmesh.console.shown_mesh import graph_at, relations
from gitmesh.console.visit import Answer, Visit
from gitmesh.console.writing import absent, writable


def delete(visit: Visit) -> Answer:
    """Return the page that asks whether a resource is to go, with who refers to it."""
    key = writable(visit, visit.name)
    graph = graph_at(visit)
    if graph.get(key) is None:
        raise absent(visit, key)
    subject = visit.words._("Delete {name}").format(name=key)
    tip = visit.served.changes.tip()
    proposal = Proposal((ProposedChange(key),), tip, subject, paths.resource_path(key))
    return reviewed(visit, proposal, around=relations(graph, key))
