"""Load reports: ``envoy.service.load_stats.v3``. Pure.

Counts are of attempts and of the time since the previous report. ``total_issued_requests`` is not
read: a refused connection is an error, but was never issued.
"""

from typing import Any, Final

from google.protobuf.message import DecodeError as ParseError

from xds.reports import schema
from xds.reports.counts import Counts
from xds.reports.report import MAX_COUNT, Report, is_kept
from xds.wire.fields import DecodeError
from xds.wire.varint import VARINT, delimited, tag, varint

MAX_INTERVAL_S: Final = 3_600


def decode_load_report(data: bytes) -> Report:
    """Read the clusters of a ``LoadStatsRequest``; a cluster with impossible numbers is left out.

    :raises DecodeError: the bytes are not such a message.
    """
    try:
        parsed = schema.LoadReport.FromString(data)
    except ParseError:
        raise DecodeError("the bytes are no load report") from None
    report = Report()
    for cluster in parsed.clusters:
        name = cluster.name
        if not is_kept(name):
            continue
        counts = _counts(cluster)
        if counts is None:
            report.left_out += 1
            continue
        report.add(name, counts)
        report.interval_ms = max(report.interval_ms, _interval_ms(cluster.interval))
    return report


def _counts(cluster: Any) -> Counts | None:
    """Return the sums of a cluster's localities, or ``None`` if a number is impossible."""
    successful = failed = 0
    for locality in cluster.localities:
        successful += locality.successful
        failed += locality.failed
    dropped = cluster.dropped
    if max(successful, failed, dropped) > MAX_COUNT:
        return None
    return Counts(attempts=successful + failed, failed_attempts=failed, dropped=dropped)


def _interval_ms(interval: Any) -> int:
    if not 0 <= interval.seconds <= MAX_INTERVAL_S:
        return 0
    return max(0, int(interval.seconds) * 1000 + int(interval.nanos) // 1_000_000)


def load_reports_wanted(interval_s: float) -> bytes:
    """Return a ``LoadStatsResponse`` that asks for reports of all clusters at this interval."""
    whole_s, rest_ns = divmod(round(interval_s * 1_000_000_000), 1_000_000_000)
    duration = tag(1, VARINT) + varint(whole_s) + tag(2, VARINT) + varint(rest_ns)
    return delimited(2, duration) + tag(4, VARINT) + varint(1)
