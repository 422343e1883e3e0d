"""SIGINT, SIGTERM and SIGHUP at any instant of a command: it cleans up and ends with its exit code.

An exception of a signal handler is raised at whatever instruction Python is executing. Inside an
import it would be wrapped into other errors, so a signal that arrives during an import is delayed
until the import is over. A signal that arrives before this module is loaded ends the process at
once (see ``gitmesh.__main__``): nothing has been done yet.
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
        """Send the signal again, because an event loop may handle it by now."""
        if self._got is not None:
            number, self._got = self._got, None
            signal.raise_signal(number)

    def _swallowed(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Send the signal again if Python discarded the exception, in a destructor or a
        callback."""
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
