"""If one task of a server fails, all are cancelled."""

import asyncio
import os
import signal

import pytest

from gitmesh.server.task_group import run_together
from mesh.errors import Fatal


class Part:
    """Works until it is cancelled, and remembers that it could clean up."""

    def __init__(self) -> None:
        self.ended_in_order = False

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # cleaning up may take a while, and is waited for
            self.ended_in_order = True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_part_in_order_and_is_no_error(number: signal.Signals) -> None:
    one, other = Part(), Part()

    async def ask() -> None:
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    before = signal.signal(number, signal.SIG_DFL)  # nohup may be around the tests
    try:
        run_together({"one": one.run, "other": other.run, "asking": ask})
    finally:
        signal.signal(number, before)
    assert one.ended_in_order
    assert other.ended_in_order


def test_a_part_that_fails_ends_the_others_and_its_error_is_told() -> None:
    other = Part()

    async def fail() -> None:
        raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError, match="oops"):
        run_together({"one": fail, "other": other.run})
    assert other.ended_in_order


def test_a_part_that_simply_ends_is_a_failure_that_names_it() -> None:
    other = Part()

    async def give_up() -> None:
        return

    with pytest.raises(Fatal, match="the reconciler ended unexpectedly"):
        run_together({"the reconciler": give_up, "other": other.run})
    assert other.ended_in_order


def test_of_several_failures_one_with_a_hint_is_told() -> None:
    async def fail(error: Exception) -> None:
        try:
            await asyncio.sleep(0)
        finally:
            raise error

    ours = Fatal("the log is damaged", hint="restore it")
    with pytest.raises(Fatal, match="damaged"):
        run_together({"one": lambda: fail(ValueError("x")), "other": lambda: fail(ours)})
