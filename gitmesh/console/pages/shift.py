"""Shift traffic: new weights of a route, reviewed before they are committed."""

from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.pages.review import reviewed
from gitmesh.console.paths import traffic_path
from gitmesh.console.traffic.routes import services_of, shown_route
from gitmesh.console.traffic.shift import shift_words, typed_weights, with_weights
from gitmesh.console.visit import Answer, Visit
from gitmesh.console.wizard.resources import whole
from gitmesh.console.writing import absent, writable
from mesh.keys import Kind


def shift(visit: Visit) -> Answer:
    """Return the review of a route with other weights (``?w.0=75&w.1=25``)."""
    key = writable(visit, visit.name)
    graph = visit.served.changes.present().graph
    route = graph.get(key) if key.kind is Kind.ROUTE else None
    if route is None:
        raise absent(visit, key)
    targets = shown_route(route).targets
    typed = typed_weights(visit.query, len(targets))
    weights = [
        whole(text) if text else target.weight for text, target in zip(typed, targets, strict=True)
    ]
    services = services_of(graph, key)
    back = traffic_path(services[0]) if services else "/traffic"
    change = ProposedChange(key, spec=with_weights(route, weights))
    base = visit.query.get("base") or visit.served.changes.tip()
    return reviewed(visit, Proposal((change,), base, shift_words(route, weights), back))
