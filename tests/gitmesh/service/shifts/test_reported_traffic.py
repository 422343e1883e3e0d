"""Evidence from the file of reported traffic."""

from pathlib import Path

from gitmesh.service.shifts.reported_traffic import ReportedTraffic, summed
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.series import Series
from gitmesh.traffic.statistics import quantile
from gitmesh.traffic.sums import Sums
from mesh.keys import ResourceKey
from tests.gitmesh.traffic.reports import COMMIT, V1, V2, WEB, counts, report
from xds.reports.counts import Counts


def test_requests_errors_and_latency_of_a_target_are_read_by_window(tmp_path: Path) -> None:
    log, sums = tmp_path / "events.sqlite3", Sums()
    evidence = ReportedTraffic(log)
    target = ResourceKey.parse(V2)
    assert evidence.traffic(target, 1000, 1010) is None, "nothing is reported yet"
    sums.add(report(1003, v1=counts(900, 1), v2=counts(100, 5, ms=40)))
    sums.add(report(1008, proxy="ipv4:127.0.0.1:2", v2=counts(50, 1, ms=40)))
    sums.add(report(1013, v2=counts(7)))
    file = TrafficFile.create(traffic_path(log))
    file.write(sums, 1015)
    file.close()
    found = evidence.traffic(target, 1000, 1010)
    assert found is not None
    assert (found.requests, found.errors, found.classes["5xx"]) == (150, 6, 6)
    assert sum(found.latency) == 150
    p99 = quantile(found.latency, 0.99)
    assert p99 is not None
    assert 35 <= p99.value <= 50
    base = evidence.traffic(ResourceKey.parse(V1), 1000, 1010)
    assert base is not None
    assert base.requests == 900
    silent = evidence.traffic(ResourceKey.parse(WEB), 1000, 1010)
    assert silent is not None
    assert silent.requests == 0, "proxies report, but not about this target"


def test_attempts_count_only_where_there_is_nothing_better() -> None:
    retried = Counts(requests=10, attempts=20, failed_attempts=10)
    assert summed([(Series(WEB, V2, "http", 80, COMMIT), retried)]).errors == 0
    assert summed([(Series(WEB, V2, "grpc", 80, COMMIT), retried)]).errors == 10
    only = Counts(attempts=20, failed_attempts=3)
    assert summed([(Series(WEB, V2, "http", 80, COMMIT), only)]).requests == 20
