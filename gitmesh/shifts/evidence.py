"""Evidence about targets: requests, errors and latencies in windows of time. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from mesh.keys import ResourceKey
from xds.reports.counts import Latency, add_latencies


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests to one target in a window, over all proxies that call it."""

    requests: int = 0
    errors: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    """Errors by class; one error may count in several."""
    latency: Latency = ()
    """Requests per bucket of :data:`xds.reports.counts.LATENCY_BOUNDS_MS`."""

    def __add__(self, other: "Traffic") -> "Traffic":
        """Return the sum of two windows."""
        names = {*self.classes, *other.classes}
        return Traffic(
            self.requests + other.requests,
            self.errors + other.errors,
            {name: self.classes.get(name, 0) + other.classes.get(name, 0) for name in names},
            add_latencies(self.latency, other.latency),
        )

    @property
    def success_percent(self) -> float | None:
        """Return the success rate in percent; None without requests."""
        if not self.requests:
            return None
        return 100 * (1 - min(self.errors, self.requests) / self.requests)

    @classmethod
    def whole(cls, parts: Iterable["Traffic"]) -> Self:
        """Return the sum of windows."""
        found = sum(parts, NO_TRAFFIC)
        return cls(found.requests, found.errors, found.classes, found.latency)


NO_TRAFFIC: Final = Traffic()


@dataclass(frozen=True, slots=True)
class WindowPair:
    """Requests to canary and baseline in the same window."""

    canary: Traffic
    baseline: Traffic


class Evidence(Protocol):
    """Source of evidence: what proxies report."""

    @property
    def window_s(self) -> float:
        """Return the length of a window in seconds; windows begin at multiples of it."""
        ...

    @property
    def delay_s(self) -> float:
        """Return the seconds after a window until everything about it is reported."""
        ...

    @property
    def settle_s(self) -> float:
        """Return the seconds after a step in which reports may be about the time before it."""
        ...

    def traffic(self, target: ResourceKey, since: float, until: float) -> Traffic | None:
        """Return the requests to a virtual node in a span of time, in seconds since 1970.

        ``None`` means that no proxy reports anything about the target.
        """
        ...
