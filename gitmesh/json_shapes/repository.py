"""JSON shapes of repositories and installations: creation, hooks, versions, the demo's report."""

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from gitmesh.demo.report import Delivery, Report, Summary
    from gitmesh.service.repository.creation import Creation
    from gitmesh.service.repository.hook_installation import InstalledHooks
    from gitmesh.service.repository.versions import Versions


class CreationShape(TypedDict):
    """Answer of ``init``; ``hooks`` has the outcome by hook."""

    created: bool
    branch: str
    commit: str | None
    hooks: dict[str, str]
    repository: str
    log: str


class InstalledHooksShape(TypedDict):
    """Answer of ``hooks``; ``hooks`` has the outcome by hook."""

    repository: str
    branch: str
    hooks: dict[str, str]


class DeliveryShape(TypedDict):
    """Delivery of one commit in the demo: see :class:`gitmesh.demo.report.Delivery`."""

    commit: str
    proxies: int
    seen_ms: float
    planned_ms: float
    own_ms: float
    total_ms: float
    push_ms: float


class SummaryShape(TypedDict):
    """Several measurements of the demo: see :class:`gitmesh.demo.report.Summary`."""

    median: float
    slowest: float
    bar: float


class DemoShape(TypedDict):
    """Answer of ``demo``: see :class:`gitmesh.demo.report.Report`."""

    ok: bool
    proxies: int
    start_s: float
    splits: dict[str, dict[str, int]]
    shift: DeliveryShape | None
    rejection: list[dict[str, str | int]]
    revert: DeliveryShape | None
    deliveries: list[DeliveryShape]
    total_ms: SummaryShape | None
    own_ms: SummaryShape | None
    own_parts_ms: dict[str, float]
    requests_ok: int
    requests_failed: int
    failures: list[str]
    broken: list[str]
    duration_s: float


def creation_shape(made: "Creation") -> CreationShape:
    """Return a repository that was created, or existed already."""
    return {
        "created": made.created,
        "branch": made.branch,
        "commit": made.commit,
        "hooks": dict(made.hooks),
        "repository": str(made.repository),
        "log": str(made.log),
    }


def installed_hooks_shape(found: "InstalledHooks") -> InstalledHooksShape:
    """Return the hooks of a repository."""
    return {
        "repository": str(found.repository),
        "branch": found.branch,
        "hooks": dict(found.hooks),
    }


def versions_shape(found: "Versions") -> dict[str, str | list[str]]:
    """Return versions by name, and ``notes``. Their names are those of the components."""
    return {**found.components, "notes": list(found.notes)}


def demo_shape(report: "Report") -> DemoShape:
    """Return the demo's report."""
    return {
        "ok": report.ok,
        "proxies": report.proxies,
        "start_s": report.start_s,
        "splits": report.splits,
        "shift": _delivery(report.shift),
        "rejection": report.rejection,
        "revert": _delivery(report.revert),
        "deliveries": [_shape(each) for each in report.deliveries],
        "total_ms": _summary(report.total_ms),
        "own_ms": _summary(report.own_ms),
        "own_parts_ms": report.own_parts_ms,
        "requests_ok": report.requests_ok,
        "requests_failed": report.requests_failed,
        "failures": report.failures,
        "broken": report.broken,
        "duration_s": report.duration_s,
    }


def _delivery(found: "Delivery | None") -> DeliveryShape | None:
    return None if found is None else _shape(found)


def _shape(found: "Delivery") -> DeliveryShape:
    return {
        "commit": found.commit,
        "proxies": found.proxies,
        "seen_ms": found.seen_ms,
        "planned_ms": found.planned_ms,
        "own_ms": found.own_ms,
        "total_ms": found.total_ms,
        "push_ms": found.push_ms,
    }


def _summary(found: "Summary | None") -> SummaryShape | None:
    if found is None:
        return None
    return {"median": found.median, "slowest": found.slowest, "bar": found.bar}
