"""A running reconciler on a test repository, with everything that it published."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from events.encoding.codec import decode
from events.latest import Latest
from events.opening import open_for_writing
from events.publication import Publication
from events.state import MeshState
from events.store import EventReader
from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    Event,
    HistoryRewritten,
    RulesChanged,
)
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.loop import Pace, reconcile
from tests.reconciler.specs import read

QUICK = Pace(poll_s=0.1)
_PATIENCE_S = 20.0


class Recorder(Latest[Publication]):
    """Remembers every publication."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Publication] = []

    def set(self, value: Publication) -> None:
        self.all.append(value)
        super().set(value)

    @property
    def tips(self) -> list[str | None]:
        return [each.state.tip for each in self.all]


class Following:
    """One running reconciler."""

    def __init__(self, log: EventReader, latest: Recorder, task: "asyncio.Task[None]") -> None:
        self.log = log
        self.latest = latest
        self.task = task

    async def until(self, tip: str | None) -> MeshState:
        """Wait until the mesh at this tip is published."""
        await self.true(lambda: bool(self.latest.all) and self.latest.all[-1].state.tip == tip)
        return self.latest.all[-1].state

    async def true(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; fail with the reconciler's own error if it has died."""
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.005)

    def events(self, chain: Chain = Chain.MESH) -> list[Event]:
        return events(self.log, chain)

    def story(self) -> list[str]:
        return story(self.log)


@asynccontextmanager
async def following(
    origin: Path, log_path: Path, *, branch: str | None = None, pace: Pace = QUICK
) -> AsyncIterator[Following]:
    """Run a reconciler while the block runs."""
    log = open_for_writing(log_path)
    latest = Recorder()
    repo = GitRepository.open(origin)
    task = asyncio.create_task(reconcile(repo, log, latest, branch=branch, pace=pace))
    try:
        yield Following(log, latest, task)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        log.close()


def run(steps: Coroutine[Any, Any, None]) -> None:
    """Run a test's steps."""
    asyncio.run(steps)


async def settle(pushes: Callable[[], Any]) -> Any:
    """Do something that blocks while the reconciler goes on."""
    return await asyncio.to_thread(pushes)


def catch_up(origin: Path, log_path: Path) -> str:
    """Follow a repository from whatever the log says until its tip; return the chain's hash."""

    async def steps() -> None:
        async with following(origin, log_path) as at:
            await at.until(GitRepository.open(origin).tip())

    run(steps())
    log = open_for_writing(log_path)
    try:
        return log.head(Chain.MESH).hash
    finally:
        log.close()


def events(log: EventReader, chain: Chain = Chain.MESH) -> list[Event]:
    """Return the events of a chain, without by which rules a log begins."""
    found = [decode(record) for record in log.read(chain)]
    return [event for event in found if not isinstance(event, RulesChanged)]


def story(log: EventReader) -> list[str]:
    """Return what happened to commits: ``applied <id>``, ``rejected <id>``, ``rewritten``."""
    told = []
    for event in events(log):
        match event:
            case CommitApplied(facts=facts):
                told.append(f"applied {facts.commit}")
            case CommitRejected(facts=facts):
                told.append(f"rejected {facts.commit}")
            case HistoryRewritten(topology=topology):
                told.append(topology)
            case _:
                pass
    return told


def mesh_of(origin: Path, commit: str | None = None) -> dict[ResourceKey, Any]:
    """Return the mesh that a commit says, read from nothing."""
    resources = read(origin, commit).graph.resources
    return {key: spec_json(resource.spec) for key, resource in resources.items()}
