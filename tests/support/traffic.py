"""Continuous requests from a separate thread, with their results."""

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from gitmesh.demo.traffic.http_client import BadReply, Connection

T = TypeVar("T")

PAUSE_S = 0.02
PATIENCE_S = 30.0
PER_TARGET = 2
"""Number of clients for each service and proxy, each with a persistent connection."""


class Traffic:
    """Calls services through proxies continuously, as applications do; it never retries."""

    def __init__(self) -> None:
        self.ok: Counter[str] = Counter()
        """Good answers, by service and application: ``cart.local from v1``."""
        self.failures: list[str] = []
        self._recent: Counter[str] = Counter()
        self._clients: dict[tuple[str, str], list[asyncio.Task[None]]] = {}
        self._ending: set[tuple[str, str]] = set()
        self._loop = asyncio.new_event_loop()

    @contextlib.contextmanager
    def running(self) -> Iterator["Traffic"]:
        """Run the thread until the end of the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.end()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(5)
            self._loop.close()

    def start(self, proxy: str, port: int, service: str) -> None:
        """Begin to call a service through the proxy at this address."""
        self._ending.discard((proxy, service))

        async def begin() -> list[asyncio.Task[None]]:
            return [
                asyncio.create_task(self._call(proxy, port, service)) for _ in range(PER_TARGET)
            ]

        self._clients[proxy, service] = self._run(begin())

    def stop(self, proxy: str, service: str) -> None:
        """Stop calling it; wait for a running request."""
        self._ending.add((proxy, service))

        async def ended(clients: list[asyncio.Task[None]]) -> None:
            await asyncio.gather(*clients)

        self._run(ended(self._clients.pop((proxy, service))))

    def end(self) -> None:
        """Stop all calls."""
        for target in list(self._clients):
            self.stop(*target)

    def until(
        self, what: str, holds: Callable[[Counter[str]], bool], window_s: float = 0.3
    ) -> None:
        """Wait until the answers of a short time window are as expected."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self._recent.clear()
            time.sleep(window_s)
            recent = Counter(self._recent)
            if recent and holds(recent):
                return
            assert time.monotonic() < deadline, f"{what}: {recent}, failures {self.failures[-3:]}"

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _call(self, proxy: str, port: int, service: str) -> None:
        connection = Connection(proxy, port)
        with contextlib.closing(connection):
            while (proxy, service) not in self._ending:
                await self._once(connection, service)
                await asyncio.sleep(PAUSE_S)

    async def _once(self, connection: Connection, service: str) -> None:
        try:
            async with asyncio.timeout(20):
                reply = await connection.get("/", service)
            if reply.status != 200:
                raise BadReply(f"status {reply.status}: {reply.body[:200]!r}")
            app = json.loads(reply.body)["app"]
        except (OSError, BadReply, TimeoutError, ValueError) as error:
            self.failures.append(f"{time.time():.3f} {service}: {type(error).__name__}: {error}")
        else:
            self.ok[f"{service} from {app}"] += 1
            self._recent[f"{service} from {app}"] += 1
