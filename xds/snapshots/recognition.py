"""Lookup of the clusters that a reconnecting client holds; the client sends only their version.

A restarted server knows only the current mesh. A client may hold clusters of any earlier mesh, so
the log is searched backwards from its end, for a bounded time, while the server serves. Many
clients may wait at once. The searches take turns, so that a search without a result does not delay
the others.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Final

from events.types import Seq
from xds.nodes import ProxyIdentity
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import collect
from xds.snapshots.walk_back import Past, Walk, Wanted
from xds.translate.resources import Translation
from xds.type_urls import CLUSTER

_log = logging.getLogger(__name__)

PATIENCE_S: Final = 5.0
"""Maximum time that a reconnecting client waits for the lookup of its clusters. Meanwhile it keeps
using its configuration."""
_GATHER_S: Final = 0.02
"""Clients that connect within this time share a search."""
_SLICE_S: Final = 0.03
"""Duration of one turn of a search."""
_REST_S: Final = 0.01
"""Pause between two turns, in which only serving uses the processor."""
_MOST_WAITING: Final = 10_000


class Recognition:
    """Finds the clusters that reconnecting clients hold, and adds them to the pool."""

    def __init__(self, cache: SnapshotCache, past: Past | None) -> None:
        """Search ``past``; without it, clusters from before the server's start stay unknown."""
        self._cache = cache
        self._past = past
        self._waiting: dict[Wanted, asyncio.Future[None]] = {}
        self._new: list[Wanted] = []
        self._vain: set[Wanted] = set()
        """Lookups without a result in the whole log, for the current mesh."""
        self._vain_at: Seq | None = None
        self._task: asyncio.Task[None] | None = None

    def find(self, identity: ProxyIdentity, version: str) -> Coroutine[None, None, None] | None:
        """Start a search for clusters of this version, which a client of this identity holds.

        Returns an awaitable for the end of the search. ``None`` if the clusters are known already,
        or cannot be found.
        """
        state, wanted = self._cache.state, (identity, version)
        if self._past is None or state is None:
            return None
        if self._cache.pool.recall(CLUSTER, version) is not None:
            return None
        if self._vain_at != state.seq:
            self._vain_at, self._vain = state.seq, set()
        if wanted in self._vain or len(self._waiting) >= _MOST_WAITING:
            return None
        if wanted not in self._waiting:
            self._waiting[wanted] = asyncio.get_running_loop().create_future()
            self._new.append(wanted)
            if self._task is None:
                self._task = asyncio.create_task(self._search(self._past))
        return _patiently(self._waiting[wanted])

    async def _search(self, past: Past) -> None:
        """Search for all waiting clients, in turns, until none waits."""
        walks: list[tuple[Walk, float]] = []
        try:
            await asyncio.sleep(_GATHER_S)
            while self._new or walks:
                if self._new and (state := self._cache.state) is not None:
                    new, self._new = self._new, []
                    walk = Walk(self._cache.graph, self._cache.translate, past, state.seq, new)
                    walks.append((walk, time.monotonic() + PATIENCE_S))
                walks = [each for each in walks if await self._turn(*each)]
                await asyncio.sleep(_REST_S)
        finally:
            self._task = None
            for wanted in [*self._waiting]:
                self._settle(wanted)

    async def _turn(self, walk: Walk, deadline: float) -> bool:
        """Continue a search for one turn; return whether it needs another turn."""
        try:
            found = await asyncio.to_thread(walk.advance, _SLICE_S)
        except Exception:
            _log.exception("cannot look up the clusters of reconnecting clients")
            found, deadline = [], 0.0
        for wanted, meshes in found:
            self._remember(meshes)
            self._settle(wanted)
        late = time.monotonic() >= deadline
        if walk.wanted and not (late or walk.done):
            return True
        if walk.done and len(self._vain) < _MOST_WAITING:
            self._vain.update(walk.wanted)
        for wanted in [*walk.wanted]:
            self._settle(wanted)
        return False

    def _settle(self, wanted: Wanted) -> None:
        waiting = self._waiting.pop(wanted, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _remember(self, meshes: tuple[Translation, ...]) -> None:
        """Add the clusters of one mesh, or of a newer and an older mesh together, to the pool."""
        newer, *older = (collect(self._cache.pool, CLUSTER, each) for each in meshes)
        for each in older:
            newer.plus(each.all)


async def _patiently(waiting: asyncio.Future[None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(waiting)
