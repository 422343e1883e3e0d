"""JSON shapes of reported traffic: what ``top``, ``traffic`` and ``who-calls`` answer."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypedDict

from gitmesh.service.traffic.comparison import Comparison
from gitmesh.service.traffic.reported import Reported, Row
from gitmesh.traffic.figures import QUANTILES, Figures
from gitmesh.traffic.reading import Interval
from gitmesh.traffic.statistics import Estimate


class EstimateShape(TypedDict):
    """A figure, and the bounds between which it is with a confidence of 95 %."""

    value: float
    low: float
    high: float


class TrafficFiguresShape(TypedDict):
    """Counts of requests, and figures made of them."""

    requests: int
    clientErrors: int
    serverErrors: int
    retries: int
    timeouts: int
    connectFailures: int
    attempts: int
    failedAttempts: int
    dropped: int
    basis: str
    success: EstimateShape | None
    latencyMs: dict[str, EstimateShape | None]


class TrafficRowShape(TrafficFiguresShape):
    """Traffic of one target, or of one of its callers."""

    services: list[str]
    target: str
    caller: str | None
    protocol: str
    port: int
    commits: list[str]
    requestsPerSecond: float | None


class IntervalShape(TypedDict):
    """A time. ``to`` does not belong to it."""

    since: str
    to: str


class ReportingShape(TypedDict):
    """How many proxies of a node reported."""

    node: str
    reported: int
    connected: int | None


class TrafficShape(TypedDict):
    """Answer of ``top``, ``traffic`` and ``who-calls``."""

    since: str
    to: str
    seconds: float
    traffic: list[TrafficRowShape]
    reporting: list[ReportingShape]
    gaps: list[IntervalShape]


class ComparedTargetShape(TypedDict):
    """Traffic of a target before and after a commit."""

    services: list[str]
    target: str
    before: TrafficFiguresShape
    after: TrafficFiguresShape
    successDifference: EstimateShape | None


class CommitTrafficShape(TypedDict):
    """Answer of ``traffic --commit``."""

    commit: str
    before: IntervalShape
    after: IntervalShape
    targets: list[ComparedTargetShape]


def traffic_shape(found: Reported) -> TrafficShape:
    """Return traffic of a time."""
    return {
        "since": _time(found.covered.from_s),
        "to": _time(found.covered.to_s),
        "seconds": found.seconds,
        "traffic": [_row(row, found.seconds) for row in found.rows],
        "reporting": [
            {"node": each.node, "reported": each.reported, "connected": each.connected}
            for each in found.reporting
        ],
        "gaps": _intervals(found.gaps),
    }


def commit_traffic_shape(found: Comparison) -> CommitTrafficShape:
    """Return traffic before and after a commit."""
    return {
        "commit": found.commit,
        "before": _interval(found.before),
        "after": _interval(found.after),
        "targets": [
            {
                "services": list(each.services),
                "target": each.target,
                "before": _figures(each.before),
                "after": _figures(each.after),
                "successDifference": _estimate(each.difference),
            }
            for each in found.targets
        ],
    }


def _row(row: Row, seconds: float) -> TrafficRowShape:
    number = row.figures.answered.number
    return {
        "services": list(row.services),
        "target": row.target,
        "caller": row.caller,
        "protocol": row.protocol,
        "port": row.port,
        "commits": list(row.commits),
        "requestsPerSecond": round(number / seconds, 3) if seconds else None,
        **_figures(row.figures),
    }


def _figures(figures: Figures) -> TrafficFiguresShape:
    counts = figures.counts
    return {
        "requests": counts.requests,
        "clientErrors": counts.client_errors,
        "serverErrors": counts.server_errors,
        "retries": counts.retries,
        "timeouts": counts.timeouts,
        "connectFailures": counts.connect_failures,
        "attempts": counts.attempts,
        "failedAttempts": counts.failed_attempts,
        "dropped": counts.dropped,
        "basis": figures.answered.basis,
        "success": _estimate(figures.success),
        "latencyMs": {
            f"p{q * 100:g}": _estimate(each)
            for q, each in zip(QUANTILES, figures.latency_ms, strict=True)
        },
    }


def _estimate(found: Estimate | None) -> EstimateShape | None:
    if found is None:
        return None
    return {
        "value": round(found.value, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
    }


def _intervals(found: Iterable[Interval]) -> list[IntervalShape]:
    return [_interval(each) for each in found]


def _interval(found: Interval) -> IntervalShape:
    return {"since": _time(found.from_s), "to": _time(found.to_s)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
