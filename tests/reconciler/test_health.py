"""Obstacles as events: each has a start and an end, in every process."""

from pathlib import Path

import pytest

from events.memory import HINT
from events.opening import open_for_writing
from events.types import CONNECTIONS_FULL, STREAMS_RESET, Chain, SourceDegraded, SourceRecovered
from reconciler.attempt import HELD_BACK
from reconciler.follower import Follower
from reconciler.health import Health
from reconciler.reading.source import SourceUnavailable
from tests.reconciler.following import following, run
from tests.support.git import Repo
from tests.support.meshes import shop_mesh
from tests.support.specs import files

MISSING = SourceUnavailable("branch-missing", "no branch")


def held(commit: str) -> SourceUnavailable:
    return SourceUnavailable(HELD_BACK, f"commit {commit} is held back")


def test_an_obstacle_is_told_once_and_ends_once() -> None:
    health = Health()
    for error in (None, MISSING, MISSING, None, None):
        health.source(error)
    assert health.take() == [
        SourceDegraded("branch-missing", "no branch"),
        SourceRecovered("branch-missing"),
    ]
    assert health.take() == []


def test_another_commit_that_is_held_back_is_another_obstacle() -> None:
    health = Health()
    for error in (held("a"), held("a"), held("b"), None):
        health.source(error)
    assert health.take() == [
        SourceDegraded(HELD_BACK, "commit a is held back"),
        SourceRecovered(HELD_BACK),
        SourceDegraded(HELD_BACK, "commit b is held back"),
        SourceRecovered(HELD_BACK),
    ]


def test_what_earlier_processes_left_is_over_unless_it_is_found_again() -> None:
    health = Health(["branch-missing", "watch-failed", HELD_BACK])
    health.source(MISSING)
    health.looked()
    health.looked()
    assert health.take() == [
        SourceDegraded("branch-missing", "no branch"),
        SourceRecovered(HELD_BACK),
        SourceRecovered("watch-failed"),
    ]


def test_a_process_that_was_killed_leaves_nothing_in_the_status(tmp_path: Path) -> None:
    repo, path = Repo(tmp_path), tmp_path / "log.db"
    tip = repo.commit_and_push(files(shop_mesh()))
    log, kept = open_for_writing(path), [CONNECTIONS_FULL, STREAMS_RESET]
    left = [("branch-missing", "x"), ("out-of-memory", "x"), ("watch-failed", "x")]
    log.append_observed(
        [SourceDegraded(*each) for each in (*left, *((reason, "x") for reason in kept))]
    )
    log.close()

    async def steps() -> None:
        async with following(repo.origin, path) as at:
            await at.until(tip)
            # Connections are the xDS server's to tell of.
            await at.true(lambda: [e.reason for _, e in at.log.fleet().degraded()] == kept)
            ended = [e.reason for e in at.events(Chain.DELIVERY) if isinstance(e, SourceRecovered)]
            assert ended == [reason for reason, _ in left]

    run(steps())


def test_a_loop_without_memory_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, path = Repo(tmp_path), tmp_path / "log.db"
    tip = repo.commit_and_push(files(shop_mesh()))
    look, short = Follower.catch_up, [True]

    def catch_up(self: Follower, *, within_s: float) -> object:
        if short[0]:
            raise MemoryError
        return look(self, within_s=within_s)

    monkeypatch.setattr(Follower, "catch_up", catch_up)

    async def steps() -> None:
        async with following(repo.origin, path) as at:
            await at.true(lambda: bool(at.log.fleet().degraded()))
            ((_, told),) = at.log.fleet().degraded()
            assert told == SourceDegraded(
                "out-of-memory", f"there is not enough memory to follow the branch; {HINT}"
            )
            short[0] = False
            await at.until(tip)
            await at.true(lambda: at.log.fleet().degraded() == [])

    run(steps())
