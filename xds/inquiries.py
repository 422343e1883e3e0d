"""Finds out, once a publication for each content that is refused, which specs caused it, beside the
serving."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from xds.answers import Refused
from xds.looking_back import LookingBack
from xds.nodes import ProxyIdentity
from xds.reports import Explained

_REMEMBERED: Final = 10_000
"""How many contents are remembered so that each is looked into once."""


class Inquiries:
    """What is being found out. The answers go to ``report``."""

    def __init__(self, back: LookingBack, report: Callable[[Explained], None]) -> None:
        self._back = back
        self._report = report
        self._begun: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        """One at a time: many nodes may refuse the same mistake, and others are to be served."""

    def begin(self) -> None:
        """Look into everything anew: what is refused from now on is of another publication."""
        self._begun.clear()

    def open(self, identity: ProxyIdentity, refusal: Refused) -> None:
        """Begin to find out why a proxy refused a response, unless that was done before."""
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
