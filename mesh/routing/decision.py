"""What becomes of a request, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Self

from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey
from mesh.resource import Resource
from mesh.routing.matching import Miss


class Outcome(StrEnum):
    """How a request ends."""

    ROUTED = "routed"
    """A virtual node answers it."""
    NONE = "none"
    """Nothing takes it: 404, in gRPC ``UNIMPLEMENTED``."""
    UNAVAILABLE = "unavailable"
    """A route takes it that leads nowhere: 503."""
    OUTSIDE = "outside"
    """It is for nobody in the mesh, and the mesh lets it out."""
    REFUSED = "refused"
    """No proxy takes such a request: 400."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """A listener of a virtual node, and its weight among those that a route leads to."""

    node: str
    port: int
    weight: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A route that was asked and does not take the request."""

    route: Resource
    misses: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one request."""

    outcome: Outcome
    reason: str = ""
    """Why nobody answers it, in words; empty where a node does."""
    shares: tuple[Share, ...] = ()
    """Who answers it, those without a share left out, by name and port."""
    service: ResourceKey | None = None
    """The virtual service that it is for."""
    route: Resource | None = None
    """The route that takes it; None where a node provides the service itself."""
    gateway_route: Resource | None = None
    """At a gateway, the gateway route that takes it."""
    path: str = ""
    """The path that arrives, normalised and rewritten, with its query."""
    host: str = ""
    """The host that arrives."""
    tried: tuple[Tried, ...] = ()
    """The routes, and before them gateway routes, that were asked before and do not take it.

    Only the first miss of each is told.
    """

    def through(self, gateway_route: Resource, tried: Iterable[Tried]) -> Self:
        """Return the decision of a request that came through a gateway route."""
        return replace(self, gateway_route=gateway_route, tried=(*tried, *self.tried))

    @property
    def parts(self) -> dict[str, Fraction]:
        """Return the part of the traffic that each node gets, by name."""
        whole = sum(share.weight for share in self.shares)
        parts: dict[str, Fraction] = {}
        for share in self.shares:
            part = Fraction(share.weight, whole)
            parts[share.node] = parts.get(share.node, Fraction()) + part
        return parts

    @property
    def result(self) -> str:
        """Return in words who answers, or why nobody does."""
        if self.outcome is not Outcome.ROUTED:
            return self.reason
        if len(self.parts) == 1:
            return next(iter(self.parts))
        return ", ".join(f"{node} {percent(part)}" for node, part in self.parts.items())

    def as_json(self) -> JsonObject:
        """Return the decision as ``--json`` prints it."""
        shares: list[Json] = [
            {"node": share.node, "port": share.port, "weight": share.weight}
            for share in self.shares
        ]
        return {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "shares": shares,
            "service": None if self.service is None else str(self.service),
            "route": _resource(self.route),
            "gatewayRoute": _resource(self.gateway_route),
            "path": self.path,
            "host": self.host,
            "tried": [
                {"route": _resource(each.route), "misses": [str(miss) for miss in each.misses]}
                for each in self.tried
            ],
        }


def percent(part: Fraction) -> str:
    """Return a part as people write it: ``90 %``, ``33.3 %``."""
    return f"{float(part * 100):.1f}".removesuffix(".0") + " %"


def place(resource: Resource) -> str:
    """Return where a resource stands: ``shop/cart/routes.yaml:17``."""
    line = resource.source.line(())
    return f"{resource.source.path}:{line}" if line else resource.source.path


def _resource(resource: Resource | None) -> Json:
    if resource is None:
        return None
    return {
        "key": str(resource.key),
        "path": resource.source.path,
        "line": resource.source.line(()),
    }
