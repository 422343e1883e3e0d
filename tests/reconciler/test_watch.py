"""Wake-ups: prompt with a working watch, and by polling without one."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from watchfiles import awatch

from reconciler import watch
from reconciler.watch import wakeups
from tests.support.git import Repo, git

NEVER = 3600.0
BEGINS_S = 0.4
"""Enough for the watch to have begun."""


async def woken(wakes: AsyncGenerator[None, None], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        await anext(wakes)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.commit_and_push({"a": "1"})
    return repo


@pytest.mark.parametrize("which", ["bare", "with a work tree"])
def test_a_moved_ref_wakes_long_before_the_next_poll(repo: Repo, which: str) -> None:
    refs = repo.origin if which == "bare" else repo.work / ".git"

    async def steps() -> None:
        async with aclosing(wakeups(refs, poll_s=NEVER)) as wakes:
            await woken(wakes)
            await asyncio.sleep(BEGINS_S)
            await asyncio.to_thread(repo.commit_and_push, {"a": "2"})
            await woken(wakes)

    asyncio.run(steps())


def test_packed_refs_wake_too(repo: Repo) -> None:
    async def steps() -> None:
        async with aclosing(wakeups(repo.origin, poll_s=NEVER)) as wakes:
            await woken(wakes)
            await asyncio.sleep(BEGINS_S)
            await asyncio.to_thread(git, repo.origin, "pack-refs", "--all")
            await woken(wakes)

    asyncio.run(steps())


def test_without_any_news_the_poll_wakes(repo: Repo) -> None:
    async def steps() -> None:
        async with aclosing(wakeups(repo.origin, poll_s=0.02)) as wakes:
            for _ in range(5):
                await woken(wakes)

    asyncio.run(steps())


def test_a_directory_that_is_not_there_is_polled_and_reported(tmp_path: Path) -> None:
    reports: list[str | None] = []

    async def steps() -> None:
        async with aclosing(
            wakeups(tmp_path / "none", poll_s=0.02, report=reports.append)
        ) as wakes:
            for _ in range(5):
                await woken(wakes)

    asyncio.run(steps())
    assert len(reports) == 1
    assert reports[0] is not None


def test_when_the_system_is_out_of_watches_polling_goes_on_until_there_are_some(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[str | None] = []

    def no_space(*args: object, **options: object) -> AsyncGenerator[object, None]:
        raise OSError(28, "No space left on device")

    async def steps() -> None:
        monkeypatch.setattr(watch, "awatch", no_space)
        async with aclosing(wakeups(repo.origin, poll_s=0.02, report=reports.append)) as wakes:
            for _ in range(10):
                await woken(wakes)
            assert len(reports) == 1
            assert "No space left" in str(reports[0])
            monkeypatch.setattr(watch, "awatch", awatch)
            async with asyncio.timeout(10):
                while len(reports) < 2:
                    await anext(wakes)
            assert reports[1] is None

    asyncio.run(steps())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there is not enough memory; give the process more memory"),
        (RuntimeError("can't start new thread"), "RuntimeError: can't start new thread"),
    ],
)
def test_the_cause_of_a_failed_watch_is_told_not_the_group_it_came_in(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    reports: list[str | None] = []

    def fails(*args: object, **options: object) -> AsyncGenerator[object, None]:
        raise ExceptionGroup("unhandled errors in a TaskGroup", [ExceptionGroup("x", [error])])

    async def steps() -> None:
        monkeypatch.setattr(watch, "awatch", fails)
        async with aclosing(wakeups(repo.origin, poll_s=0.02, report=reports.append)) as wakes:
            while not reports:
                await woken(wakes)

    asyncio.run(steps())
    assert str(reports[0]).startswith(words)


def test_a_replaced_directory_is_watched_again(repo: Repo) -> None:
    reports: list[str | None] = []

    async def steps() -> None:
        async with aclosing(wakeups(repo.origin, poll_s=0.05, report=reports.append)) as wakes:
            await woken(wakes)
            await asyncio.sleep(BEGINS_S)
            aside = repo.origin.with_name("aside")
            repo.origin.rename(aside)
            shutil.copytree(aside, repo.origin)
            async with asyncio.timeout(10):
                while len(reports) < 2:
                    await anext(wakes)
        assert reports[0] is not None
        assert reports[1] is None

    asyncio.run(steps())


def test_closing_ends_the_watch_at_once(repo: Repo) -> None:
    async def steps() -> None:
        wakes = wakeups(repo.origin, poll_s=NEVER)
        await woken(wakes)
        await asyncio.sleep(BEGINS_S)
        began = time.monotonic()
        await wakes.aclose()
        assert time.monotonic() - began < 5
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(steps())
