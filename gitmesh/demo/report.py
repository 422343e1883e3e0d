"""What the demo measured, and whether it is what was promised. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

BAR_TOTAL_MS = 300.0
BAR_OWN_MS = 50.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one commit reached the proxies; times count from the moment the branch moved."""

    commit: str
    proxies: int
    """How many it concerned."""
    seen_ms: float
    planned_ms: float
    own_ms: float
    """Until the last response was written: all that gitmesh adds."""
    total_ms: float
    """Until the last proxy acknowledged."""
    push_ms: float
    """How long ``git push`` itself took."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Several measurements, and the bar that their median must stay below."""

    median: float
    slowest: float
    bar: float

    @property
    def holds(self) -> bool:
        """Tell whether the median is below the bar."""
        return self.median < self.bar


def summarise(values: list[float], bar: float) -> Summary:
    """Return the summary of at least one measurement."""
    return Summary(round(statistics.median(values), 2), round(max(values), 2), bar)


def parts_of(deliveries: Sequence[Delivery]) -> dict[str, float]:
    """Return the medians of the steps that make up our own share of the time."""
    return {
        "notice": _median(d.seen_ms for d in deliveries),
        "check and log": _median(d.planned_ms - d.seen_ms for d in deliveries),
        "translate and write": _median(d.own_ms - d.planned_ms for d in deliveries),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)


@dataclass(slots=True)
class Report:
    """The whole tour; complete when it ends, and what ``--json`` prints."""

    proxies: int = 0
    start_s: float = 0.0
    """From nothing to every proxy acknowledged and every path answered."""
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    """Answers by virtual node, for each sample of requests."""
    shift: Delivery | None = None
    rejection: list[dict[str, str | int]] = field(default_factory=list)
    revert: Delivery | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    """The quick series of shifts and reverts."""
    total_ms: Summary | None = None
    own_ms: Summary | None = None
    own_parts_ms: dict[str, float] = field(default_factory=dict)
    """Medians of what gitmesh's own share is made of: noticing, planning and logging, writing."""
    requests_ok: int = 0
    requests_failed: int = 0
    failures: list[str] = field(default_factory=list)
    """The first requests that failed, in words."""
    broken: list[str] = field(default_factory=list)
    """Promises that did not hold; empty when all is well."""
    duration_s: float = 0.0

    def expect(self, holds: bool, promise: str) -> bool:
        """Note a promise that does not hold; return whether it does."""
        if not holds:
            self.broken.append(promise)
        return holds

    @property
    def ok(self) -> bool:
        """Tell whether everything held."""
        return not self.broken

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {"ok": self.ok, **asdict(self)}
