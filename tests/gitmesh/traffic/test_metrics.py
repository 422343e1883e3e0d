"""Prometheus reads reported traffic as counters."""

import re
from pathlib import Path

from gitmesh.access.permission import READ_ALL
from gitmesh.api.monitoring.metrics import Metrics
from gitmesh.traffic.collector import Collector
from tests.gitmesh.traffic.reports import V1, WEB, counts, report
from xds.reports.counts import Counts
from xds.reports.measured import Source


def test_counters_are_sums_over_proxies_and_commits(tmp_path: Path) -> None:
    collector = Collector(tmp_path / "events.sqlite3", 60)
    collector.accept(report(10, v1=counts(10, 2)))
    collector.accept(report(20, proxy="ipv4:127.0.0.1:2", commit="d" * 40, v1=counts(5, ms=40)))
    attempts = Counts(attempts=20, failed_attempts=5)
    collector.accept(report(20, source=Source.LOAD, v1=attempts))
    text = Metrics("1", traffic=collector.since_start).text(READ_ALL).decode()
    both = re.compile(rf',?(caller="{WEB}"|target="{V1}"),?')
    lines = [both.sub("", line) for line in text.splitlines()]
    for line in (
        'gitmesh_traffic_requests_total{result="success"} 13.0',
        'gitmesh_traffic_requests_total{result="server_error"} 2.0',
        'gitmesh_traffic_attempts_total{result="failure"} 5.0',
        'gitmesh_traffic_request_seconds_bucket{le="0.005"} 10.0',
        'gitmesh_traffic_request_seconds_bucket{le="0.05"} 15.0',
        'gitmesh_traffic_request_seconds_bucket{le="+Inf"} 15.0',
    ):
        assert line in lines
