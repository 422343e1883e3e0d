"""Load through the gateway: a steady background load, and samples of a thousand requests."""

import asyncio
import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from gitmesh.demo.timeouts import PATIENCE_S, late
from gitmesh.demo.traffic.http_client import BadReply, Connection

PATHS = ("/", "/cart/items", "/cart/checkout")
"""The whole chain of calls, a leaf, and a chain that ends in TCP."""
SAMPLE_PATH = "/cart/items"
WORKERS = 8
PAUSE_S = 0.05
"""Pause between a worker's requests: 8 workers make some 150 requests a second."""
TIMEOUT_S = 15.0
KEPT_FAILURES = 20


@dataclass(slots=True)
class Tally:
    """Counted results of requests."""

    ok: int = 0
    failed: int = 0
    by_node: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    """The first failures, in words."""

    def succeed(self, node: str) -> None:
        """Count a response by the virtual node that sent it."""
        self.ok += 1
        self.by_node[node] += 1

    def fail(self, reason: str) -> None:
        """Count a failure and keep the reason."""
        self.failed += 1
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(reason)

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.ok += other.ok
        self.failed += other.failed
        self.by_node += other.by_node
        self.failures += other.failures[: KEPT_FAILURES - len(self.failures)]


class Load:
    """Sends requests to the gateway at ``door`` and counts the results."""

    def __init__(self, door: tuple[str, int], host: str = "shop.example") -> None:
        self._door = door
        self._host = host
        self._started = time.monotonic()
        self.total = Tally()
        """All requests since the load began."""

    async def request(self, connection: Connection, path: str, tally: Tally) -> bool:
        """Send a request and count its result; return whether it succeeded."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reply = await connection.get(path, self._host)
            if reply.status != 200:
                raise BadReply(f"status {reply.status}: {reply.body[:300]!r}")
            tally.succeed(json.loads(reply.body)["node"])
        except (OSError, BadReply, TimeoutError, ValueError, KeyError) as error:
            after = time.monotonic() - self._started
            tally.fail(f"{after:.3f} s: GET {path}: {type(error).__name__}: {error}")
            return False
        return True

    async def wait_until_answered(self) -> None:
        """Wait until every kind of request succeeds; failures are not counted yet.

        :raises Fatal: requests still fail at the timeout; the hint has the last failure.
        """
        warm_up = Tally()
        try:
            async with asyncio.timeout(PATIENCE_S):
                for path in PATHS:
                    await self._until_answered(path, warm_up)
        except TimeoutError:
            reason = warm_up.failures[-1] if warm_up.failures else "no answer"
            raise late("the gateway did not answer", f"the last failure: {reason}") from None

    async def _until_answered(self, path: str, warm_up: Tally) -> None:
        answered = False
        while not answered:
            with contextlib.closing(Connection(*self._door)) as connection:
                answered = await self.request(connection, path, warm_up)
            await asyncio.sleep(0 if answered else 0.05)

    async def sample(self, requests: int) -> Tally:
        """Send ``requests`` requests as fast as the workers can; return the results."""
        tally = Tally()
        turns = iter(range(requests))
        await asyncio.gather(*(self._sampler(turns, tally) for _ in range(WORKERS)))
        self.total.add(tally)
        return tally

    async def _sampler(self, turns: Iterable[int], tally: Tally) -> None:
        with contextlib.closing(Connection(*self._door)) as connection:
            for _ in turns:
                await self.request(connection, SAMPLE_PATH, tally)

    @contextlib.asynccontextmanager
    async def steady(self) -> AsyncIterator[Tally]:
        """Run a steady load inside the block; its tally is updated continuously."""
        tally = Tally()
        self._started = time.monotonic()
        workers = [asyncio.create_task(self._worker(i, tally)) for i in range(WORKERS)]
        try:
            yield tally
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self.total.add(tally)

    async def _worker(self, number: int, tally: Tally) -> None:
        connection = Connection(*self._door)
        await asyncio.sleep(PAUSE_S * number / WORKERS)
        with contextlib.closing(connection):
            for path in itertools.cycle(PATHS[number % 3 :] + PATHS[: number % 3]):
                await self.request(connection, path, tally)
                await asyncio.sleep(PAUSE_S)
