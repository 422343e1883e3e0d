"""Metrics reports: ``envoy.service.metrics.v3``, with the statistics of clusters. Pure.

Our bootstrap makes Envoy send whole names (``cluster.NAME.upstream_rq_completed``) and counters as
differences since the previous report; Envoy's histograms are always of that time. Names with tags
taken out would be ambiguous: Envoy ends a cluster's name at its first dot.

``cluster.NAME.external.upstream_rq_time`` is a second histogram of the same requests and is not
read.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError as ParseError

from xds.reports import schema
from xds.reports.counts import Counts, Latency, add_latencies, latency_of
from xds.reports.report import EGRESS, MAX_COUNT, MAX_NAME, Report, whole
from xds.wire.fields import DecodeError
from xds.wire.varint import LENGTH

LATENCY: Final = "upstream_rq_time"
COUNTERS: Final = {
    "upstream_rq_completed": "requests",
    "upstream_rq_4xx": "client_errors",
    "upstream_rq_5xx": "server_errors",
    "upstream_rq_retry": "retries",
    "upstream_rq_timeout": "timeouts",
    "upstream_cx_connect_fail": "connect_failures",
}
"""Envoy's counters of a cluster that are read, with the field for each."""
MAX_BUCKETS: Final = 200

_FAMILY_TAG: Final = 2 << 3 | LENGTH
_NAME_TAG: Final = 1 << 3 | LENGTH
_PREFIX: Final = f"cluster.{EGRESS}".encode()
_STATISTICS: Final = frozenset(name.encode() for name in (*COUNTERS, LATENCY))
_NAME: Final = re.compile(
    rf"cluster\.({EGRESS}.{{1,{MAX_NAME}}}_\d{{1,5}})\.({'|'.join((*COUNTERS, LATENCY))})"
)


def decode_metrics_report(data: bytes) -> Report:
    """Read the statistics of clusters in a ``StreamMetricsMessage``.

    A statistic with an impossible number is left out.

    :raises DecodeError: the bytes are not such a message.
    """
    report, found = Report(), dict[str, dict[str, Any]]()
    for family in _families(data):
        name = _NAME.fullmatch(family.name)
        if name is None:
            continue
        cluster, statistic = name.groups()
        try:
            value = _value(statistic, family.metrics)
        except ValueError:
            report.left_out += 1
            continue
        if value:
            field = COUNTERS.get(statistic, "latency")
            found.setdefault(cluster, {})[field] = value
    for cluster, values in found.items():
        report.add(cluster, Counts(**values))
    return report


def _families(data: bytes) -> Iterator[Any]:
    """Yield the statistics that may be read, parsed.

    Nearly all of a report is other statistics, so they are found by their names rather than by a
    walk over all fields. Envoy writes the name first, and sends no text beside names. Whoever
    hides a name elsewhere reports nothing that it could not report openly.
    """
    at = data.find(_PREFIX)
    while at >= 0:
        after = at + len(_PREFIX)
        length, start = _varint_before(data, at, _NAME_TAG)
        name_ends = at + length
        if length and data[data.rfind(b".", at, name_ends) + 1 : name_ends] in _STATISTICS:
            size, _ = _varint_before(data, start, _FAMILY_TAG)
            yield _parsed(data[start : start + size])
            after = max(after, start + size)
        at = data.find(_PREFIX, after)


def _varint_before(data: bytes, end: int, field_tag: int) -> tuple[int, int]:
    """Return the varint that ends at ``end``, and where the field with this tag begins before it.

    The value is 0 if there is no such field.
    """
    value, at = 0, end - 1
    while at > 0 and data[end - 1] < 0x80 and end - at <= 4:
        value = value << 7 | data[at] & 0x7F
        if data[at - 1] == field_tag:
            return value, at - 1
        if data[at - 1] < 0x80:
            break
        at -= 1
    return 0, end


def _parsed(data: bytes) -> Any:
    try:
        return schema.MetricFamily.FromString(data)
    except ParseError:
        raise DecodeError("the bytes are no metrics report") from None


def _value(statistic: str, metrics: Any) -> int | Latency:
    """Return the value of a statistic: a number, or the buckets of a histogram.

    :raises ValueError: a number is impossible.
    """
    if statistic != LATENCY:
        return sum(whole(metric.counter.value) for metric in metrics)
    found: Latency = ()
    for metric in metrics:
        found = add_latencies(found, _latency(metric.histogram))
    return found


def _latency(histogram: Any) -> Latency:
    if histogram.count > MAX_COUNT or len(histogram.buckets) > MAX_BUCKETS:
        raise ValueError("a histogram is too large")
    pairs = ((bucket.upper_bound, bucket.cumulative_count) for bucket in histogram.buckets)
    return latency_of(pairs, histogram.count)
