"""Background analysis of refusals: finds the specs that caused each refused content, once per
publication."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from xds.delivery.stream_facts import Explained
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.refusal_history import RefusalHistory

_REMEMBERED: Final = 10_000
"""Maximum contents remembered, so that each is analysed once."""


class RefusalAnalyses:
    """Running analyses. Results go to ``report``."""

    def __init__(self, back: RefusalHistory, report: Callable[[Explained], None]) -> None:
        self._back = back
        self._report = report
        self._begun: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        """Lock for one analysis at a time: many nodes may refuse the same mistake, and serving has
        priority."""

    def begin(self) -> None:
        """Forget earlier analyses: later refusals belong to a new publication."""
        self._begun.clear()

    def open(self, identity: ProxyIdentity, refusal: Nack) -> None:
        """Start the analysis of a refusal, unless the same content was analysed before."""
        key = (str(identity.key), refusal.type_url, refusal.version)
        if key in self._begun:
            return
        self._begun[key] = None
        if len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)
        task = asyncio.get_running_loop().create_task(
            self._find(*key, self._back.specs(identity, refusal))
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find(
        self, node: str, type_url: str, version: str, find: Callable[[], tuple[str, ...]]
    ) -> None:
        async with self._one:
            specs = await asyncio.to_thread(find)
        self._report(Explained(node, type_url, version, specs))
