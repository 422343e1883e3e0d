"""The demo's measurements and their promised limits. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

BAR_TOTAL_MS = 300.0
BAR_OWN_MS = 50.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivery of one commit; times count from the move of the branch."""

    commit: str
    proxies: int
    """Number of proxies that it affected."""
    seen_ms: float
    planned_ms: float
    own_ms: float
    """Time until the last response was written: gitmesh's own share."""
    total_ms: float
    """Time until the last proxy acknowledged."""
    push_ms: float
    """Duration of ``git push`` itself."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Several measurements, and the limit of their median."""

    median: float
    slowest: float
    bar: float

    @property
    def holds(self) -> bool:
        """Return whether the median is below the limit."""
        return self.median < self.bar


def summarise(values: list[float], bar: float) -> Summary:
    """Return the summary of some measurements, at least one."""
    return Summary(round(statistics.median(values), 2), round(max(values), 2), bar)


def parts_of(deliveries: Sequence[Delivery]) -> dict[str, float]:
    """Return the medians of the steps in gitmesh's own share."""
    return {
        "notice": _median(d.seen_ms for d in deliveries),
        "check and log": _median(d.planned_ms - d.seen_ms for d in deliveries),
        "translate and write": _median(d.own_ms - d.planned_ms for d in deliveries),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)


@dataclass(slots=True)
class Report:
    """Report of the whole demo."""

    proxies: int = 0
    start_s: float = 0.0
    """Time from the start of the setup until every proxy has acknowledged and every path is
    answered."""
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    """Responses by virtual node, for each sample."""
    shift: Delivery | None = None
    rejection: list[dict[str, str | int]] = field(default_factory=list)
    revert: Delivery | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    """A quick series of shifts and reverts."""
    total_ms: Summary | None = None
    own_ms: Summary | None = None
    own_parts_ms: dict[str, float] = field(default_factory=dict)
    """Medians of the steps in gitmesh's own share: noticing, planning and logging, writing."""
    requests_ok: int = 0
    requests_failed: int = 0
    failures: list[str] = field(default_factory=list)
    """The first failed requests, as text."""
    broken: list[str] = field(default_factory=list)
    """Promises that did not hold; empty if all did."""
    duration_s: float = 0.0

    def expect(self, holds: bool, promise: str) -> bool:
        """Record a promise that does not hold; return whether it does."""
        if not holds:
            self.broken.append(promise)
        return holds

    @property
    def ok(self) -> bool:
        """Return whether every promise held."""
        return not self.broken
