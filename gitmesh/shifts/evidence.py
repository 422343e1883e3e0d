"""Evidence about targets: requests, errors and latencies in windows of time. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Protocol, Self

from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers of requests by latency. Its sums are exact; means of percentiles would not be."""

    bounds_ms: tuple[float, ...] = ()
    """Upper bound of each bucket, in milliseconds, growing; a last bucket above is implied."""
    counts: tuple[float, ...] = ()
    """One number more than there are bounds."""

    @property
    def total(self) -> float:
        """Return the number of requests."""
        return sum(self.counts)

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the sum; histograms with other bounds are brought to the bounds of both."""
        if not self.counts or not other.counts:
            return other if not self.counts else self
        if self.bounds_ms == other.bounds_ms:
            added = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
            return Histogram(self.bounds_ms, added)
        bounds = tuple(sorted({*self.bounds_ms, *other.bounds_ms}))
        cumulated = [self.below(each) + other.below(each) for each in bounds]
        whole = self.total + other.total
        edges = [0.0, *cumulated, whole]
        return Histogram(bounds, tuple(after - before for before, after in pairwise(edges)))

    def below(self, limit_ms: float) -> float:
        """Return the number of requests below a latency; inside a bucket it grows evenly."""
        found, lower = 0.0, 0.0
        for upper, count in zip(self.bounds_ms, self.counts, strict=False):
            if limit_ms >= upper:
                found += count
                lower = upper
                continue
            return found + count * max(0.0, limit_ms - lower) / (upper - lower)
        return found

    def quantile(self, percentile: float) -> float | None:
        """Return the latency in milliseconds at a percentile; None without requests.

        In the last bucket, which has no upper bound, its lower bound is returned.
        """
        wanted = self.total * percentile / 100
        if not self.total:
            return None
        found, lower = 0.0, 0.0
        for upper, count in zip(self.bounds_ms, self.counts, strict=False):
            if count and found + count >= wanted:
                return lower + (upper - lower) * (wanted - found) / count
            found += count
            lower = upper
        return lower


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests to one target in a window, over all proxies that call it."""

    requests: int = 0
    errors: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    """Errors by class; one error may count in several."""
    latency: Histogram = Histogram()

    def __add__(self, other: "Traffic") -> "Traffic":
        """Return the sum of two windows."""
        names = {*self.classes, *other.classes}
        return Traffic(
            self.requests + other.requests,
            self.errors + other.errors,
            {name: self.classes.get(name, 0) + other.classes.get(name, 0) for name in names},
            self.latency + other.latency,
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
        """Return the length of the windows for which traffic can be asked, from 0 on."""
        ...

    @property
    def delay_s(self) -> float:
        """Return the time after which everything about a window is reported."""
        ...

    @property
    def settle_s(self) -> float:
        """Return the time after a step in which reports may be about the time before it."""
        ...

    def traffic(self, target: ResourceKey, since: float, until: float) -> Traffic | None:
        """Return the requests to a virtual node in a span of time, in seconds since 1970.

        ``None`` means that no proxy reports anything about the target.
        """
        ...
