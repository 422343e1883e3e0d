"""Memory is released after many streams have ended."""

import asyncio
from pathlib import Path

import pytest

from xds.runtime.heap import MANY, Heap, trim

PAGE = 4096


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def test_many_that_end_together_give_back_their_memory_once_and_so_do_the_next_many() -> None:
    async def scenario() -> None:
        looked = asyncio.Semaphore(0)
        loop = asyncio.get_running_loop()
        looks = list[None]()

        def look() -> None:
            looks.append(None)
            loop.call_soon_threadsafe(looked.release)

        heap = Heap(look, pause_s=0.01)
        for _ in range(2):
            for _ in range(3 * MANY):
                heap.ended()
            await asyncio.wait_for(looked.acquire(), 10)
        for _ in range(MANY - 1):
            heap.ended()
        # Whatever these set off would be here before what is set off now.
        await asyncio.sleep(0.05)
        assert len(looks) == 2

    asyncio.run(scenario())


def test_pages_between_what_is_in_use_are_given_back() -> None:
    # Beyond 512 bytes it is the C library that gives memory.
    several = [bytes(1_000) for _ in range(50_000)]
    if not trim():
        pytest.skip("this C library has no malloc_trim")
    before = resident()
    del several[:-1]
    trim()
    assert resident() < before - 25_000_000
