"""Each new event is written to the process's own log."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.store import EventStore
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    Event,
    HistoryRewritten,
    ProxyConnected,
    Signature,
    SnapshotConverged,
    SourceDegraded,
)
from gitmesh.server import event_logger as module
from gitmesh.server.event_logger import EventLogger

ADA = Signature("Ada", "ada@shop.example", "2026-11-23T03:12:00+01:00")


def applied(number: int) -> CommitApplied:
    commit = CommitId(f"{number:07x}" + "0" * 33)
    return CommitApplied(CommitFacts(commit, "7" * 40, (), ADA, ADA, f"Change {number}"))


def told_while(log: EventStore, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the log lines for events that are appended while the event logger runs."""

    async def scenario() -> None:
        log.append(Chain.MESH, [applied(0)], expected=START)  # before: not told
        task = asyncio.create_task(EventLogger(log).run())
        await asyncio.sleep(0)
        commits = [applied(number) for number in range(1, 61)]
        log.append(Chain.MESH, commits, expected=log.head(Chain.MESH).seq)
        log.append_observed(
            [
                ProxyConnected("mesh/shop/virtualNode/web", "p", "envoy"),
                SnapshotConverged(commits[-1].facts.commit, 3, {"acked": 84200}),
                SourceDegraded("branch-missing", "branch main is gone"),
            ]
        )
        for _ in range(1000):
            if any("branch main is gone" in record.getMessage() for record in caplog.records):
                break
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scenario())
    return [record for record in caplog.records if record.name == "gitmesh"]


def test_new_events_are_told_each_on_a_line_and_a_flood_is_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_for_writing(tmp_path / "events.sqlite3") as log:
        lines = told_while(log, caplog)
    commits = [vars(line) for line in lines if line.getMessage() == "commit applied"]
    assert [commit["subject"] for commit in commits] == [f"Change {n}" for n in range(11, 61)]
    assert commits[-1]["author"] == "Ada"
    assert (commits[-1]["chain"], commits[-1]["seq"]) == ("mesh", 61)
    [omitted] = [line for line in lines if line.getMessage() == "more than can be told"]
    assert vars(omitted)["omitted"] == 60 - module.MOST_AT_ONCE
    [converged] = [line for line in lines if line.getMessage() == "snapshot converged"]
    assert vars(converged)["acked_ms"] == 84.2
    assert (vars(converged)["chain"], vars(converged)["seq"]) == ("delivery", 2)
    levels = {line.getMessage()[:20]: line.levelname for line in lines}
    assert levels["mesh/shop/virtualNod"] == "DEBUG"
    assert levels["cannot follow the re"] == "WARNING"


END = SourceDegraded("branch-missing", "the end")


def told(
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    level: int,
    mesh: Sequence[Event] = (),
    delivery: Sequence[Event] = (),
) -> list[logging.LogRecord]:
    """Return the log lines at this level for events that the event logger reads at once."""

    async def scenario(log: EventStore) -> None:
        task = asyncio.create_task(EventLogger(log).run())
        await asyncio.sleep(0)
        log.append(Chain.MESH, mesh, expected=START)
        log.append(Chain.DELIVERY, [*delivery, END], expected=START)
        for _ in range(1000):
            if any("the end" in record.getMessage() for record in caplog.records):
                break
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with (
        open_for_writing(folder / "events.sqlite3") as log,
        caplog.at_level(level),
    ):
        asyncio.run(scenario(log))
    lines = [record for record in caplog.records if record.name == "gitmesh"]
    assert "the end" in lines[-1].getMessage()
    return lines[:-1]


def connects(number: int) -> list[Event]:
    return [ProxyConnected("mesh/shop/virtualNode/web", f"p{n}", "envoy") for n in range(number)]


def test_lines_that_are_not_shown_push_out_none_that_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    converged = SnapshotConverged(applied(1).facts.commit, 3, {})
    events = [converged, *connects(2 * module.MOST_AT_ONCE)]
    lines = told(tmp_path, caplog, logging.INFO, delivery=events)
    assert [line.getMessage() for line in lines] == ["snapshot converged"]


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_a_flood_pushes_out_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    many = module.MOST_AT_ONCE + 10
    degraded = SourceDegraded("watch-failed", "out of watches")
    rejected = [CommitRejected(applied(n).facts) for n in range(many)]
    good = [applied(n) for n in range(many, 2 * many)]
    lines = told(tmp_path, caplog, level, [*rejected, *good], [degraded, *connects(many)])
    messages = [line.getMessage() for line in lines]
    assert messages.count("commit rejected") == many
    assert messages.count("cannot follow the repository: out of watches") == 1
    shown = 0 if level == logging.WARNING else module.MOST_AT_ONCE
    assert messages.count("commit applied") == shown
    omissions = {logging.DEBUG: [10, 10], logging.INFO: [10], logging.WARNING: []}
    found = [vars(line)["omitted"] for line in lines if hasattr(line, "omitted")]
    assert found == omissions[level]


def test_a_rewritten_history_is_a_warning_that_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = applied(1).facts.commit, applied(2).facts.commit
    rewritten = HistoryRewritten(old, new, None, (old, applied(0).facts.commit), "rewritten")
    [line, _] = told(tmp_path, caplog, logging.INFO, [rewritten, applied(2)])
    assert (line.getMessage(), line.levelname) == ("history rewritten", "WARNING")
    facts = {"before": old[:7], "after": new[:7], "dropped": 2, "topology": "rewritten"}
    assert facts.items() <= vars(line).items()


def test_whoever_waits_for_it_has_been_told_all_there_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 1_000.0)

    async def scenario(log: EventStore) -> list[str]:
        event_logger, heard = EventLogger(log), asyncio.Event()
        task = asyncio.create_task(event_logger.run())
        await asyncio.sleep(0)
        log.append(Chain.MESH, [applied(1)], expected=START)
        event_logger.then(heard.set)
        await asyncio.wait_for(heard.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [record.getMessage() for record in caplog.records]

    with (
        open_for_writing(tmp_path / "events.sqlite3") as log,
        caplog.at_level(logging.INFO, "gitmesh"),
    ):
        assert asyncio.run(scenario(log)) == ["commit applied"]
