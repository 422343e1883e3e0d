"""Waiting until proxies have a commit, for calls that ask for it with a header."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from events.types import CommitId
from gitmesh.api.answers import COMMIT_HEADER, Answer
from gitmesh.service.delivery.outcome import Outcome

CONVERGED_HEADER: Final = "x-gitmesh-converged"
_LOOK_EVERY_S: Final = 0.05

Look = Callable[[CommitId], Awaitable[Outcome]]
"""Returns the progress of a commit until now."""


async def with_convergence(answer: Answer, wait: timedelta | None, look: Look) -> Answer:
    """Return an answer when the proxies have the commit that it names, or the time is over.

    Its header ``x-gitmesh-converged`` tells which. The commit is made in either case, so the status
    stays. No thread waits.
    """
    made = answer.headers.get(COMMIT_HEADER)
    if wait is None or made is None:
        return answer
    deadline = time.monotonic() + wait.total_seconds()
    found = await look(CommitId(made))
    for _ in range(round(wait.total_seconds() / _LOOK_EVERY_S)):
        if found.final or time.monotonic() >= deadline:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
        found = await look(CommitId(made))
    return replace(answer, headers={**answer.headers, CONVERGED_HEADER: str(found.met).lower()})
