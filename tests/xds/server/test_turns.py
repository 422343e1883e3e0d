"""Reports wait for pushes, leave the event loop to others, and cannot fill memory."""

import asyncio
from itertools import pairwise

import pytest

from xds.server.reporting import turns as module
from xds.server.reporting.turns import AT_ONCE, MAX_HELD_BYTES, Turns


def test_reports_wait_while_a_push_is_offered() -> None:
    async def scenario() -> None:
        pushing = True
        turns = Turns(lambda: pushing)
        report = asyncio.create_task(turns.take(100))
        await asyncio.sleep(0.1)
        assert not report.done()
        pushing = False
        assert await report

    asyncio.run(scenario())


def test_a_push_that_does_not_end_holds_reports_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.05)
    asyncio.run(asyncio.wait_for(Turns(lambda: True).take(100), 5))


def test_a_crowd_of_reports_leaves_the_event_loop_to_others() -> None:
    async def scenario() -> None:
        turns, done = Turns(lambda: False), 0

        async def report() -> None:
            nonlocal done
            assert await turns.take(10)
            done += 1

        crowd = [asyncio.create_task(report()) for _ in range(10 * AT_ONCE)]
        seen = [0]
        while done < len(crowd):
            await asyncio.sleep(0)
            seen.append(done)
        assert max(b - a for a, b in pairwise(seen)) <= AT_ONCE

    asyncio.run(scenario())


def test_reports_beyond_the_memory_for_them_are_dropped() -> None:
    async def scenario() -> None:
        turns = Turns(lambda: True)
        waiting = asyncio.create_task(turns.take(MAX_HELD_BYTES))
        await asyncio.sleep(0)
        assert not await turns.take(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        again = asyncio.create_task(turns.take(1))
        await asyncio.sleep(0)
        assert not again.done()  # it waits, and is not dropped
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)

    asyncio.run(scenario())
