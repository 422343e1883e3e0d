"""Our own model of what an Envoy does with a request: which route takes it, and where it goes.

It is what ``gitmesh route-test`` and the ``RouteTests`` of a repository ask.
``tests/envoy/test_routing_model.py`` holds it against real Envoys, request by request; where the
two differ, Envoy is right.
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
