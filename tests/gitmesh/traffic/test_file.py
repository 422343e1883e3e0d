"""The file of traffic: sums by slot, gaps, retention, and a server that writes it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitmesh.traffic import sums as sums_module
from gitmesh.traffic.collector import Collector
from gitmesh.traffic.file import RECENT_S, TrafficFile, opened_for_reading, traffic_path
from gitmesh.traffic.reading import Interval
from gitmesh.traffic.sums import Sums
from mesh.errors import Retryable
from tests.gitmesh.traffic.reports import COMMIT, GATEWAY, V1, V2, WEB, cluster, counts, report
from xds.reports.counts import Counts
from xds.reports.measured import Measured, Source

NOON = 1_796_083_200


def added(*reports: Measured) -> Sums:
    sums = Sums()
    for each in reports:
        sums.add(each)
    return sums


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def file(log: Path) -> Iterator[TrafficFile]:
    with closing(TrafficFile.create(traffic_path(log))) as made:
        yield made


def test_reports_are_summed_by_caller_target_and_commit(file: TrafficFile) -> None:
    first = added(
        report(NOON + 1, v1=counts(10, 1), v2=counts(5)),
        report(NOON + 3, proxy="ipv4:127.0.0.1:2", v1=counts(7)),
        report(NOON + 4, GATEWAY, v1=counts(100)),
    )
    file.write(first, NOON + 5)
    file.write(added(report(NOON + 8, v1=counts(1, 1, ms=100))), NOON + 9)
    file.write(added(report(NOON + 12, commit="d" * 40, v1=counts(2))), NOON + 13)
    traffic = file.read(NOON, NOON + 20)
    assert traffic.of(targets=[V1], callers=[WEB]) == counts(17, 1).plus(counts(1, 1, ms=100)).plus(
        counts(2)
    )
    assert traffic.of(targets=[V1], callers=[WEB], commit=COMMIT).requests == 18
    assert traffic.of(targets=[V1]).requests == 120
    assert traffic.of(targets=[V2]) == counts(5)
    assert traffic.reporting(WEB) == 2
    assert traffic.reporting(WEB, "load") == 0
    assert traffic.gaps == ()
    assert file.read(NOON + 10, NOON + 20).of().requests == 2
    by_slot = [(slot, part.of().requests) for slot, part in file.slots(NOON, NOON + 20)]
    assert by_slot == [
        (Interval(NOON, NOON + 10), 123),
        (Interval(NOON + 10, NOON + 20), 2),
    ]


def test_attempts_and_requests_of_one_caller_come_together(file: TrafficFile) -> None:
    attempts = Counts(attempts=30, failed_attempts=10)
    both = added(report(NOON + 1, v1=counts(20)), report(NOON + 2, source=Source.LOAD, v1=attempts))
    file.write(both, NOON + 3)
    found = file.read(NOON, NOON + 10).of()
    assert (found.requests, found.attempts, found.failed_attempts) == (20, 30, 10)


def test_a_time_without_a_server_is_a_gap_and_a_quiet_time_is_none(file: TrafficFile) -> None:
    for at in (NOON, NOON + 10, NOON + 40):
        file.write(added(report(at, v1=counts(1))) if at != NOON + 10 else Sums(), at)
    assert file.read(NOON, NOON + 60).gaps == (
        Interval(NOON + 20, NOON + 40),
        Interval(NOON + 50, NOON + 60),
    )


def test_old_traffic_is_kept_by_minute_and_then_forgotten(file: TrafficFile) -> None:
    later = NOON + RECENT_S + 300
    file.write(added(report(NOON + 1, v1=counts(3)), report(NOON + 50, v1=counts(4))), NOON + 51)
    file.write(added(report(later, v1=counts(5))), later)
    file.forget(later, 86_400)
    minute = file.read(NOON, NOON + 60)
    assert (minute.slot_s, minute.of().requests) == (60, 7)
    assert file.read(later, later + 10).of().requests == 5
    file.forget(later, 600)
    assert file.read(NOON, NOON + 60).of() == Counts()
    assert file.read(NOON, later + 60).of().requests == 5


def test_the_first_report_with_a_commit_is_found_as_exactly_as_it_is_kept(
    file: TrafficFile,
) -> None:
    at = NOON + 35
    file.write(added(report(at, v1=counts(1)), report(at + 90, v1=counts(1))), at + 91)
    assert file.first_of(COMMIT) == NOON + 30
    assert file.first_of("f" * 40) is None
    file.forget(at + 2 * RECENT_S, 86_400)
    assert file.first_of(COMMIT) == NOON


def test_more_series_than_fit_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums_module, "MAX_SERIES", 3)
    sums = added(*(report(NOON, v1=counts(1), commit=str(number)) for number in range(10)))
    assert (len({key.series for key in sums.slots}), sums.dropped) == (3, 7)


def test_a_report_of_no_known_cluster_still_says_who_reports(file: TrafficFile) -> None:
    odd = report(NOON)._replace(clusters=(("cds_egress_other_x_http_1", counts(1)),))
    file.write(added(odd), NOON)
    traffic = file.read(NOON, NOON + 10)
    assert (traffic.sums, traffic.reporting(WEB)) == ((), 1)


def test_a_restarted_server_goes_on_in_the_same_minute(log: Path) -> None:
    async def serve(requests: int) -> None:
        collector = Collector(log, 86_400)
        task = asyncio.create_task(collector.run())
        await asyncio.sleep(0)
        collector.accept(report(time.time(), v1=counts(requests)))
        task.cancel()  # it ends in order, and writes what is left
        await asyncio.gather(task, return_exceptions=True)

    before = time.time()
    for requests in (10, 5):
        asyncio.run(serve(requests))
    with opened_for_reading(log) as file:
        assert file.read(before - 1, time.time() + 1).of(targets=[V1]).requests == 15


def test_a_file_that_cannot_be_written_loses_nothing_and_stops_nobody(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmesh.traffic.collector.WRITE_EVERY_S", 0.01)
    traffic_path(log).mkdir()

    async def serve() -> None:
        collector = Collector(log, 86_400)
        task = asyncio.create_task(collector.run())
        collector.accept(report(time.time(), v1=counts(3)))
        await asyncio.sleep(0.1)
        collector.accept(report(time.time(), v1=counts(4)))
        traffic_path(log).rmdir()
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    before = time.time()
    asyncio.run(serve())
    with opened_for_reading(log) as file:
        assert file.read(before - 1, time.time() + 1).of().requests == 7


def test_without_a_file_there_is_nothing_to_read(log: Path) -> None:
    with pytest.raises(Retryable), opened_for_reading(log):
        pass


def test_a_file_of_another_version_is_made_anew(log: Path, file: TrafficFile) -> None:
    file.write(added(report(NOON, v1=counts(3))), NOON)
    file._connection.execute("PRAGMA user_version = 99")
    file.close()
    with closing(TrafficFile.create(traffic_path(log))) as fresh:
        assert fresh.read(NOON, NOON + 10).of() == Counts()


def test_cluster_names_are_ours() -> None:
    assert cluster(V1) == "cds_egress_shop_v1_http_8080"
