"""An application that a test can make fail, refuse, delay or wait, for each path, while it runs."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.apps import App


@dataclass(frozen=True)
class MoodyApp(App):
    """Application with adjustable behaviour; the test changes it from another thread."""

    asked: Counter[str] = field(default_factory=Counter, compare=False)
    """Number of requests for each path."""
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    """Headers of the newest request for each path."""
    failing: set[str] = field(default_factory=set, compare=False)
    """Paths that are answered with 500."""
    refusing: set[str] = field(default_factory=set, compare=False)
    """Paths that are not answered: the connection is closed."""
    slow: dict[str, float] = field(default_factory=dict, compare=False)
    """Delay of each path, in seconds."""
    gate: threading.Event = field(default_factory=threading.Event, compare=False)
    """Event that releases requests for ``/held``."""

    async def status(self, path: str, headers: Mapping[str, str]) -> int | None:
        self.asked[path] += 1
        self.headers[path] = headers
        await asyncio.sleep(self.slow.get(path, 0))
        if path == "/held":
            await asyncio.to_thread(self.gate.wait, 20)
        if path in self.refusing:
            return None
        return 500 if path in self.failing else await super().status(path, headers)
