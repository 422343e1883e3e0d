"""Observed traffic on edges, beside the configured weights.

Nothing makes these values yet: they need load reports of proxies. Until then pictures show the
configuration only.
"""

from dataclasses import dataclass

from gitmesh.topology.model import Relation
from mesh.keys import ResourceKey

EdgeIdentity = tuple[ResourceKey, ResourceKey, Relation, str, int]
"""As :attr:`gitmesh.topology.model.Edge.identity`."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Traffic on one edge in the last period of load reports."""

    requests_per_second: float
    errors_per_second: float
    """Failed requests per second; ``requests_per_second`` includes them."""
    healthy_hosts: int
    hosts: int

    @property
    def is_failing(self) -> bool:
        """True if requests fail, or no host is healthy."""
        return self.errors_per_second > 0 or (self.hosts > 0 and not self.healthy_hosts)

    @property
    def text(self) -> str:
        """The rates in short: ``120/s, 2/s fail``."""
        failed = f", {self.errors_per_second:g}/s fail" if self.errors_per_second else ""
        return f"{self.requests_per_second:g}/s{failed}"
