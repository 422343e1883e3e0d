"""Model of Envoy's routing: the route that takes a request, and the nodes that answer it.

``gitmesh route-test`` and the ``RouteTests`` of a repository use it. Read ``decide.py`` first.
``tests/envoy/test_routing_model.py`` compares it with real Envoys, request by request; if they
differ, the model is wrong.
"""

from mesh.routing.decide import decide
from mesh.routing.decision import Decision, Outcome, Share, Tried
from mesh.routing.request import BadRequest, Request, read_request

__all__ = [
    "BadRequest",
    "Decision",
    "Outcome",
    "Request",
    "Share",
    "Tried",
    "decide",
    "read_request",
]
