"""Hand-off between tasks: no reader ends on an old value."""

import asyncio

from events.latest import Latest


def test_there_is_nothing_before_the_first_value() -> None:
    cell: Latest[str] = Latest()
    assert (cell.get(), cell.version) == (None, 0)


def test_the_newest_value_wins() -> None:
    async def story() -> None:
        cell: Latest[str] = Latest()
        for value in ("a", "b", "c"):
            cell.set(value)
        assert cell.get() == "c"
        assert await cell.after(0) == ("c", 3)
        assert await cell.after(2) == ("c", 3)

    asyncio.run(story())


def test_a_value_that_was_seen_is_not_given_again() -> None:
    async def story() -> None:
        cell: Latest[str] = Latest()
        cell.set("a")
        waiting = asyncio.create_task(cell.after(1))
        await asyncio.sleep(0)
        assert not waiting.done()
        cell.set("a")
        assert await waiting == ("a", 2), "an equal value is a new one all the same"

    asyncio.run(story())


def test_every_waiter_is_woken() -> None:
    async def story() -> None:
        cell: Latest[int] = Latest()
        waiters = [asyncio.create_task(cell.after(0)) for _ in range(5)]
        await asyncio.sleep(0)
        cell.set(7)
        assert await asyncio.gather(*waiters) == [(7, 1)] * 5

    asyncio.run(story())


def test_a_slow_reader_skips_values_but_ends_on_the_last() -> None:
    async def story() -> None:
        cell: Latest[int] = Latest()
        read: list[int] = []

        async def reader() -> None:
            version = 0
            while not read or read[-1] < 99:
                value, version = await cell.after(version)
                read.append(value)
                await asyncio.sleep(0.001)

        task = asyncio.create_task(reader())
        for value in range(100):
            cell.set(value)
            if value % 10 == 0:
                await asyncio.sleep(0)
        await task
        assert read == sorted(set(read))
        assert read[-1] == 99
        assert len(read) < 100

    asyncio.run(story())


def test_a_waiter_that_gives_up_disturbs_nobody() -> None:
    async def story() -> None:
        cell: Latest[int] = Latest()
        impatient = asyncio.create_task(cell.after(0))
        patient = asyncio.create_task(cell.after(0))
        await asyncio.sleep(0)
        impatient.cancel()
        cell.set(1)
        assert await patient == (1, 1)
        assert impatient.cancelled() or impatient.cancelling()

    asyncio.run(story())
