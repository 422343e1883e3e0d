"""Where a request is routed, or why it is not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Self

from mesh.keys import ResourceKey
from mesh.resource import Resource
from mesh.routing.matching import Miss


class Outcome(StrEnum):
    """Outcome of a request."""

    ROUTED = "routed"
    """A virtual node answers the request."""
    NONE = "none"
    """No route matches: status 404, or ``UNIMPLEMENTED`` for gRPC."""
    UNAVAILABLE = "unavailable"
    """The matching route has no usable target: status 503."""
    OUTSIDE = "outside"
    """No service of the mesh has this host, and the mesh allows traffic to the outside."""
    REFUSED = "refused"
    """Every proxy refuses the request as malformed: status 400."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """A listener of a virtual node, and its weight among the targets of a route."""

    node: str
    port: int
    weight: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A route that was tried and does not match the request."""

    route: Resource
    misses: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision on one request."""

    outcome: Outcome
    reason: str = ""
    """The reason why no node answers, as text; empty if one does."""
    shares: tuple[Share, ...] = ()
    """The answering listeners with a weight above zero, by name and port."""
    service: ResourceKey | None = None
    """The virtual service that the request is for."""
    route: Resource | None = None
    """The matching route; None if a node provides the service directly."""
    gateway_route: Resource | None = None
    """The matching gateway route, if the caller is a gateway."""
    path: str = ""
    """The path that the target receives: normalised and rewritten, with its query."""
    host: str = ""
    """The host that the target receives."""
    tried: tuple[Tried, ...] = ()
    """Routes that were tried before and do not match; gateway routes come first.

    Each has only its first failed condition.
    """

    def through(self, gateway_route: Resource, tried: Iterable[Tried]) -> Self:
        """Return this decision for a request that a gateway route forwarded."""
        return replace(self, gateway_route=gateway_route, tried=(*tried, *self.tried))

    @property
    def parts(self) -> dict[str, Fraction]:
        """Return each node's share of the traffic, by name."""
        whole = sum(share.weight for share in self.shares)
        parts: dict[str, Fraction] = {}
        for share in self.shares:
            part = Fraction(share.weight, whole)
            parts[share.node] = parts.get(share.node, Fraction()) + part
        return parts

    @property
    def result(self) -> str:
        """Return the answering nodes as text, or the reason why none answers."""
        if self.outcome is not Outcome.ROUTED:
            return self.reason
        if len(self.parts) == 1:
            return next(iter(self.parts))
        return ", ".join(f"{node} {percent(part)}" for node, part in self.parts.items())


def percent(part: Fraction) -> str:
    """Return a share as text: ``90 %``, ``33.3 %``."""
    return f"{float(part * 100):.1f}".removesuffix(".0") + " %"


def place(resource: Resource) -> str:
    """Return the location of a resource: ``shop/cart/routes.yaml:17``."""
    line = resource.source.line(())
    return f"{resource.source.path}:{line}" if line else resource.source.path
