"""Reported traffic as text: tables of targets, and of what is missing."""

from collections.abc import Iterable, Sequence

from gitmesh.rendering.narration import short
from gitmesh.service.traffic.comparison import Comparison
from gitmesh.service.traffic.reported import Reported, Row
from gitmesh.traffic.figures import Figures
from gitmesh.traffic.statistics import Estimate

_HEAD = ("SERVICE", "TARGET", "REQ/S", "SUCCESS", "P50", "P90", "P99", "COMMIT")


def traffic_rows(found: Reported, *, by_caller: bool) -> list[list[str]]:
    """Return the cells of a table of traffic, with its head."""
    head = [*_HEAD[:2], "CALLER", *_HEAD[2:]] if by_caller else [*_HEAD]
    return [head, *(_cells(row, found.seconds, by_caller=by_caller) for row in found.rows)]


def missing_lines(found: Reported) -> Iterable[str]:
    """Yield what is not known: silent proxies, and times without a server."""
    for each in found.reporting:
        connected = each.connected or 0
        if connected > each.reported:
            silent = connected - each.reported
            yield f"{silent:,} of {connected:,} proxies of {each.node} did not report"
    lost = sum(gap.to_s - gap.from_s for gap in found.gaps)
    whole = found.covered.to_s - found.covered.from_s
    if lost and whole:
        yield f"no server kept reports for {lost:,.0f} seconds of {whole:,.0f} seconds"


def comparison_text(found: Comparison) -> list[list[str]]:
    """Return the cells of a table with the traffic before and after a commit."""
    rows = [["TARGET", "", "REQUESTS", "SUCCESS", "P50", "P90", "P99"]]
    for each in found.targets:
        rows.append([_name(each.target), "before", *_compared(each.before)])
        rows.append(["", "after", *_compared(each.after)])
        rows.append(["", "change", "", _change(each.difference), "", "", ""])
    return rows


def _cells(row: Row, seconds: float, *, by_caller: bool) -> list[str]:
    figures = row.figures
    caller = [_name(row.caller or "")] if by_caller else []
    commits = [short(commit) for commit in row.commits]
    return [
        ", ".join(row.services) or "-",
        f"{_name(row.target)}:{row.port}",
        *caller,
        f"{figures.answered.number / seconds:,.1f}" if seconds else "-",
        percent(figures.success),
        *(milliseconds(each) for each in figures.latency_ms),
        ", ".join(commits[:2]) + (f" and {len(commits) - 2} more" if len(commits) > 2 else "")
        or "-",
    ]


def _compared(figures: Figures) -> Sequence[str]:
    return [
        f"{figures.answered.number:,}",
        _between(figures.success),
        *(milliseconds(each) for each in figures.latency_ms),
    ]


def percent(found: Estimate | None) -> str:
    """Return ``99.97 %``; a share that is not whole is never shown as 100 %."""
    if found is None:
        return "-"
    shown = f"{100 * found.value:.2f} %"
    return "<100 %" if found.value < 1 and shown == "100.00 %" else shown


def milliseconds(found: Estimate | None) -> str:
    """Return a latency, such as ``3.2 ms`` or ``1,200 ms``."""
    if found is None:
        return "-"
    return f"{found.value:.1f} ms" if found.value < 10 else f"{found.value:,.0f} ms"


def _between(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{100 * found.value:.2f} % ({100 * found.low:.2f} to {100 * found.high:.2f})"


def _change(found: Estimate | None) -> str:
    if found is None:
        return "not known"
    sure = "" if found.low <= 0 <= found.high else "  significant"
    return (
        f"{100 * found.value:+.2f} ({100 * found.low:+.2f} to {100 * found.high:+.2f}) points{sure}"
    )


def _name(key: str) -> str:
    return key.rpartition("/")[2] if key else ""
