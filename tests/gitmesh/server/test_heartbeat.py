"""Detection of unresponsive workers."""

import asyncio
import time

import pytest

from gitmesh.server.heartbeat import MOST_MISSED, MOST_MISSED_AT_FIRST, Heartbeat

BEAT_S = 0.01


async def silence(heart: Heartbeat, within_s: float) -> str:
    async with asyncio.timeout(within_s):
        return await heart.silent()


def test_one_that_told_something_and_then_nothing_is_silent_and_for_how_long() -> None:
    async def scenario() -> None:
        heart = Heartbeat(BEAT_S)
        heart.heard()
        began = time.monotonic()
        assert await silence(heart, 10) == "told nothing for 0 s"
        assert time.monotonic() - began < BEAT_S * MOST_MISSED_AT_FIRST

    asyncio.run(scenario())


def test_one_that_is_being_started_gets_more_time() -> None:
    async def scenario() -> None:
        heart = Heartbeat(BEAT_S)
        with pytest.raises(TimeoutError):
            await silence(heart, BEAT_S * MOST_MISSED * 2)
        await silence(heart, 10)

    asyncio.run(scenario())


def test_one_that_tells_something_now_and_then_is_alive() -> None:
    async def scenario() -> None:
        heart = Heartbeat(BEAT_S)
        waiting = asyncio.create_task(heart.silent())
        for _ in range(6):
            heart.heard()
            await asyncio.sleep(BEAT_S * MOST_MISSED / 2)
            assert not waiting.done()
        waiting.cancel()

    asyncio.run(scenario())


def test_time_that_the_listener_slept_through_is_not_held_against_anybody() -> None:
    async def scenario() -> None:
        heart = Heartbeat(BEAT_S)
        heart.heard()
        waiting = asyncio.create_task(heart.silent())
        await asyncio.sleep(BEAT_S / 2)
        time.sleep(BEAT_S * MOST_MISSED * 3)  # noqa: ASYNC251 - as one that is stopped
        await asyncio.sleep(BEAT_S * 2)
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(scenario())
