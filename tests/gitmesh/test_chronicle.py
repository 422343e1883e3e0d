"""What the event log gains is told in the process's own log."""

import asyncio
import contextlib
import logging
from pathlib import Path

import pytest

from events.store import EventLog
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitFacts,
    CommitId,
    ProxyConnected,
    Signature,
    SnapshotConverged,
    SourceDegraded,
)
from gitmesh import chronicle as module
from gitmesh.chronicle import chronicle

ADA = Signature("Ada", "ada@shop.example", "2026-11-23T03:12:00+01:00")


def applied(number: int) -> CommitApplied:
    commit = CommitId(f"{number:07x}" + "0" * 33)
    return CommitApplied(CommitFacts(commit, "7" * 40, (), ADA, ADA, f"Change {number}"))


def told_while(log: EventLog, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what the chronicle tells of events that are appended while it runs."""

    async def scenario() -> None:
        log.append(Chain.MESH, [applied(0)], expected=START)  # before: not told
        task = asyncio.create_task(chronicle(log))
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
    with contextlib.closing(EventLog.open(tmp_path / "events.sqlite3")) as log:
        lines = told_while(log, caplog)
    commits = [vars(line) for line in lines if line.getMessage() == "commit applied"]
    assert [commit["subject"] for commit in commits] == [f"Change {n}" for n in range(11, 61)]
    assert commits[-1]["author"] == "Ada"
    assert commits[-1]["seq"] == 61
    [omitted] = [line for line in lines if line.getMessage() == "more than can be told"]
    assert vars(omitted)["omitted"] == 60 - module.MOST_AT_ONCE
    [converged] = [line for line in lines if line.getMessage() == "snapshot converged"]
    assert vars(converged)["acked_ms"] == 84.2
    levels = {line.getMessage()[:20]: line.levelname for line in lines}
    assert levels["mesh/shop/virtualNod"] == "DEBUG"
    assert levels["cannot follow the re"] == "WARNING"
