"""SIGINT, SIGTERM and SIGHUP at any instant of a command: it cleans up and ends with its exit code.

Python raises what a signal handler raises wherever it happens to be. Inside an import the error is
wrapped into others. So a signal that comes during an import waits until the import is over. What
comes before this module is loaded ends the process at once (see ``gitmesh.__main__``): nothing has
been done yet.
"""

import signal
import sys
from types import FrameType
from typing import Final

from gitmesh.cli import exit_codes

_AGAIN_S: Final = 0.01
_IMPORTING: Final = "<frozen importlib._bootstrap>"


class Interrupts:
    """The signal that this process got, if any."""

    def __init__(self) -> None:
        self._got: signal.Signals | None = None

    @property
    def exit_code(self) -> int | None:
        """Exit code for the signal that arrived; None before a signal."""
        return None if self._got is None else exit_codes.OF_SIGNAL[self._got]

    def watch(self) -> None:
        """Let signals raise SystemExit from now on, but never inside an import."""
        for number in exit_codes.OF_SIGNAL:
            # What whoever started us has ignored stays ignored, as with nohup.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._come)
        signal.signal(signal.SIGALRM, self._again)
        sys.unraisablehook = self._swallowed

    def _come(self, number: int, frame: FrameType | None) -> None:
        self._got = signal.Signals(number)
        if _imports(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        else:
            raise SystemExit(self.exit_code)

    def _again(self, _: int, frame: FrameType | None) -> None:
        """Send the signal once more: an event loop may handle it by now."""
        if self._got is not None:
            number, self._got = self._got, None
            signal.raise_signal(number)

    def _swallowed(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Try again where Python threw the error away: in a destructor or a callback."""
        if isinstance(unraisable.exc_value, SystemExit):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        else:
            sys.__unraisablehook__(unraisable)


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


INTERRUPTS: Final = Interrupts()
