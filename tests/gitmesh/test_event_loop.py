"""Work in an event loop ends in order when a signal arrives at any moment."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType

import pytest

from gitmesh.event_loop import StoppedBySignal, run_until_signal

DELAYED = """
import asyncio, os, signal, sys
from itertools import count
from gitmesh.cli.interrupts import INTERRUPTS
from gitmesh.event_loop import StoppedBySignal, run_until_signal

class Signalling:
    def find_spec(self, name, path=None, target=None):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, 0)  # this test says when it goes off

async def work():
    await asyncio.sleep(0)

INTERRUPTS.watch()
sys.meta_path.insert(0, Signalling())
outcomes = {"stopped": 0, "ended": 0, "done": 0}
while not outcomes["done"]:
    try:
        import gitmesh.no_such_module
    except ImportError:
        pass
    left = sum(outcomes.values()) + 1
    def see(frame, event, argument):
        global left
        left -= event == "call"
        if left == 0:
            os.kill(os.getpid(), signal.SIGALRM)
    try:
        sys.setprofile(see)
        run_until_signal(work)
        sys.setprofile(None)
        ended = "done"
    except StoppedBySignal as stopped:
        assert stopped.number == signal.SIGTERM
        ended = "stopped"
    except SystemExit as ending:
        assert ending.code == 143
        ended = "ended"
    finally:
        sys.setprofile(None)
    outcomes[ended] += 1
assert outcomes["stopped"] > 50, outcomes
"""
"""Sends a signal while a module is imported; its time comes at each of the calls after that."""


class Raised(BaseException):
    """What the handler of a command raises, wherever the program is."""


def raising(number: int, frame: FrameType | None) -> None:
    raise Raised


@contextmanager
def handler_that_raises(number: signal.Signals) -> Iterator[None]:
    before = signal.signal(number, raising)
    try:
        yield
    finally:
        signal.signal(number, before)


class Work:
    """Takes a few steps, and remembers whether it cleaned up."""

    def __init__(self) -> None:
        self.began = self.cleaned_up = False

    async def run(self) -> str:
        self.began = True
        try:
            await asyncio.sleep(0)
        finally:
            self.cleaned_up = True
        return "done"


@contextmanager
def calling_at_call(n: int, call: Callable[[], object]) -> Iterator[list[int]]:
    """Call something at the n-th call of a function from now on; yield how many are left."""
    left = [n]

    def see(frame: FrameType, event: str, _: object) -> None:
        if event in ("call", "c_call"):
            left[0] -= 1
            if left[0] == 0:
                call()

    sys.setprofile(see)
    try:
        yield left
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(("number", "first"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_a_signal_at_every_instant_cancels_the_work_or_comes_after_it(
    number: signal.Signals,
    first: int,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes = Counter[str]()
    for n in count(first, 2):  # both signals together come at every instant
        work = Work()
        with handler_that_raises(number):
            try:
                with calling_at_call(n, lambda: os.kill(os.getpid(), number)) as left:
                    ended = run_until_signal(work.run)
            except StoppedBySignal as stopped:
                ended = f"stopped by {stopped}"
            except Raised:
                ended = "raised"
        outcomes[ended] += 1
        assert work.cleaned_up == work.began
        if left[0] > 0:
            break
    gc.collect()  # Python tells about a coroutine that nobody awaited when it frees it
    assert (caplog.text, capfd.readouterr()) == ("", ("", ""))
    assert outcomes["done"] == 1  # the last, which no signal reached
    assert outcomes[f"stopped by {number.name}"] > 100
    assert outcomes.keys() == {"done", "raised", f"stopped by {number.name}"}


def test_a_closed_terminal_cancels_the_work_unless_it_is_to_outlive_it() -> None:
    async def hung_up() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        return "outlived it"

    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may be around the tests
    try:
        with pytest.raises(StoppedBySignal, match="SIGHUP"):
            run_until_signal(hung_up)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        assert run_until_signal(hung_up) == "outlived it"
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_that_waited_for_an_import_goes_to_the_event_loop() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DELAYED], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
