"""Reports are read as protobuf's full parser reads them, and any other bytes are survived."""

import contextlib
import gzip
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterStats, UpstreamLocalityStats
from envoy_data_plane.envoy.service.load_stats.v3 import LoadStatsRequest, LoadStatsResponse
from envoy_data_plane.envoy.service.metrics.v3 import (
    StreamMetricsMessage,
    StreamMetricsMessageIdentifier,
)
from envoy_data_plane.io.prometheus.client import (
    Bucket,
    Counter,
    Histogram,
    Metric,
    MetricFamily,
    MetricType,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xds.reports.counts import LATENCY_BOUNDS_MS, Counts, latency_of, total
from xds.reports.load_report import decode_load_report, load_reports_wanted
from xds.reports.metrics_report import COUNTERS, LATENCY, decode_metrics_report
from xds.reports.report import MAX_CLUSTERS, MAX_COUNT
from xds.wire.decode import decode_measured_node, decode_reporting_node
from xds.wire.fields import DecodeError

CAPTURED = Path(__file__).parent / "envoy"
CLUSTER = "cds_egress_shop_cart.v2_http_8080"
NODE = "mesh/shop/virtualNode/cart"

names = st.builds(
    "cds_egress_shop_{}_http_{}".format,
    st.text("ab._ü\n\x12\"'", min_size=1, max_size=300),
    st.integers(1, 65_535),
)
numbers = st.integers(0, MAX_COUNT // 4)


@cache
def captured(name: str) -> bytes:
    return gzip.decompress((CAPTURED / f"{name}.bin.gz").read_bytes())


def load_report(*clusters: ClusterStats) -> bytes:
    return bytes(LoadStatsRequest(node=Node(id=NODE), cluster_stats=list(clusters)))


def family(name: str, value: float = 0, histogram: Histogram | None = None) -> MetricFamily:
    counter = None if histogram else Counter(value=value)
    kind = MetricType.HISTOGRAM if histogram else MetricType.COUNTER
    metric = Metric(counter=counter, histogram=histogram, timestamp_ms=5)
    return MetricFamily(name=name, type=kind, metric=[metric])


def metrics(*families: MetricFamily) -> bytes:
    identifier = StreamMetricsMessageIdentifier(node=Node(id=NODE))
    return bytes(StreamMetricsMessage(identifier=identifier, envoy_metrics=list(families)))


def histogram(*cumulative: int, bounds: tuple[float, ...] = (1.0, 10.0, 100.0)) -> Histogram:
    pairs = zip(bounds, cumulative, strict=False)
    buckets = [Bucket(upper_bound=bound, cumulative_count=count) for bound, count in pairs]
    return Histogram(sample_count=cumulative[-1], bucket=buckets)


def test_a_real_envoys_reports_are_read() -> None:
    first, later = captured("load-first"), captured("load")
    for data in (first, later):  # every one repeats the node
        node = decode_reporting_node(data)
        assert node is not None
        assert (node.id, len(data) > 60_000) == (NODE, True)
    assert decode_load_report(first).clusters == {}
    assert decode_load_report(later).clusters == {CLUSTER: Counts(attempts=8)}
    assert decode_load_report(later).interval_ms == 999
    node = decode_measured_node(captured("metrics-first"))
    assert node is not None
    assert node.id == NODE
    counted = [
        decode_metrics_report(captured(name)).clusters for name in ("metrics-first", "metrics")
    ]
    assert [each[CLUSTER].requests for each in counted] == [9, 1]
    assert [sum(each[CLUSTER].latency) for each in counted] == [9, 1]  # and not twice as many
    assert decode_measured_node(captured("metrics")) is None


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(names, st.lists(st.tuples(numbers, numbers), max_size=3), max_size=5))
def test_load_reports_are_sums_over_localities(
    clusters: dict[str, list[tuple[int, int]]],
) -> None:
    def locality(good: int, bad: int) -> UpstreamLocalityStats:
        return UpstreamLocalityStats(
            total_successful_requests=good, total_error_requests=bad, total_issued_requests=0
        )

    stats = [
        ClusterStats(
            cluster_name=name,
            upstream_locality_stats=[locality(*each) for each in places],
            load_report_interval=timedelta(seconds=3),
        )
        for name, places in clusters.items()
    ]
    other = ClusterStats(cluster_name="gitmesh_xds", total_dropped_requests=7)
    found = decode_load_report(load_report(*stats, other)).clusters
    for name, places in clusters.items():
        bad = sum(each[1] for each in places)
        sums = Counts(attempts=sum(map(sum, places)), failed_attempts=bad)
        assert found.pop(name, Counts()) == sums
    assert found == {}


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(names, st.dictionaries(st.sampled_from([*COUNTERS]), numbers), max_size=4))
def test_metrics_are_read_among_all_others(clusters: dict[str, dict[str, int]]) -> None:
    families = [family("server.live", 1), family("cluster.gitmesh_xds.upstream_rq_completed", 3)]
    for name, counters in clusters.items():
        families.append(family(f"cluster.{name}.membership_total", 5))
        families += [family(f"cluster.{name}.{each}", n) for each, n in counters.items()]
        families.append(family(f"cluster.{name}.external.upstream_rq_completed", 9))
        families.append(family(f"cluster.{name}.{LATENCY}", histogram=histogram(1, 4, 6)))
    report = decode_metrics_report(metrics(*families))
    for name, counters in clusters.items():
        if "\n" in name:
            continue  # a name that no mesh has; Envoy's own would not be found
        found = report.clusters[name]
        assert {COUNTERS[each]: n for each, n in counters.items() if n} == {
            field: n for field, n in found._asdict().items() if n and field != "latency"
        }
        assert found.latency == latency_of([(1, 1), (10, 4), (100, 6)], 6)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["load", "metrics-first", "metrics"]), st.randoms())
def test_any_bytes_are_read_or_refused(noise: bytes, base: str, random: Any) -> None:
    broken = bytearray(captured(base))
    at = random.randrange(len(broken))
    broken[at : at + len(noise)] = noise
    for data in (noise, bytes(broken)):
        for read in (decode_load_report, decode_metrics_report, decode_reporting_node):
            with contextlib.suppress(DecodeError):
                read(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, MAX_COUNT + 1.0, 1e300])
def test_a_counter_that_cannot_be_is_left_out_alone(value: float) -> None:
    good = family(f"cluster.{CLUSTER}.upstream_rq_completed", 5)
    bad = family(f"cluster.{CLUSTER}.upstream_rq_5xx", value)
    report = decode_metrics_report(metrics(bad, good))
    assert report.clusters == {CLUSTER: Counts(requests=5)}
    assert report.left_out == 1


@pytest.mark.parametrize(
    "wrong",
    [
        histogram(5, 3, 9),
        histogram(1, 2, 3, bounds=(1.0, float("nan"), 2.0)),
        histogram(1, 2, 3, bounds=(5.0, 1.0, 2.0)),
        Histogram(sample_count=1, bucket=[Bucket(upper_bound=1.0, cumulative_count=2)]),
        Histogram(sample_count=2**63),
    ],
)
def test_a_histogram_that_cannot_be_is_left_out(wrong: Histogram) -> None:
    report = decode_metrics_report(metrics(family(f"cluster.{CLUSTER}.{LATENCY}", histogram=wrong)))
    assert (report.clusters, report.left_out) == ({}, 1)


def test_a_load_that_cannot_be_is_left_out() -> None:
    huge = UpstreamLocalityStats(total_error_requests=2**64 - 1)
    bad = ClusterStats(cluster_name=CLUSTER, upstream_locality_stats=[huge])
    assert decode_load_report(load_report(bad)).left_out == 1


def test_clusters_beyond_the_limit_are_left_out() -> None:
    stats = [
        ClusterStats(
            cluster_name=f"cds_egress_shop_n{number}_http_80",
            upstream_locality_stats=[UpstreamLocalityStats(total_successful_requests=1)],
        )
        for number in range(MAX_CLUSTERS + 5)
    ]
    long = ClusterStats(cluster_name="cds_egress_" + "x" * 5_000, total_dropped_requests=1)
    report = decode_load_report(load_report(*stats, long))
    assert (len(report.clusters), report.left_out) == (MAX_CLUSTERS, 6)


def test_latencies_are_added_by_bucket() -> None:
    slow, fast = latency_of([(10_000, 3)], 4), latency_of([(0.5, 2), (5, 7)], 7)
    both = total([Counts(latency=slow), Counts(), Counts(latency=fast)]).latency
    counted = dict(zip((*LATENCY_BOUNDS_MS, "more"), both, strict=True))
    assert {bound: n for bound, n in counted.items() if n} == {0.5: 2, 5: 5, 10_000: 3, "more": 1}


def test_a_bucket_of_another_bound_counts_for_the_next_higher() -> None:
    found = latency_of([(60, 2), (99, 3)], 3)
    assert found[LATENCY_BOUNDS_MS.index(75)] == 2
    assert found[LATENCY_BOUNDS_MS.index(100)] == 1


@pytest.mark.parametrize("seconds", [0.1, 1.0, 10.0, 12.5])
def test_all_clusters_are_asked_for(seconds: float) -> None:
    asked = LoadStatsResponse.parse(load_reports_wanted(seconds))
    assert asked.send_all_clusters
    assert asked.load_reporting_interval == timedelta(seconds=seconds)
    assert not asked.report_endpoint_granularity
