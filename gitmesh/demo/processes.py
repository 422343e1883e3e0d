"""Child processes that are always stopped at the end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gitmesh.settings import child_environment
from mesh.errors import Fatal

GRACE_S = 5.0

_HOLD = """\
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit("who started this has gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Processes:
    """The demo's child processes, each in its own process group and with a log file."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start a process with its output in ``<logs>/<name>.log``."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                _held(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=child_environment(**environment),
                start_new_session=True,  # Ctrl-C is for us; we stop the others in order
            )

    def log_of(self, name: str) -> str:
        """Return a process's output so far."""
        return (self._logs / f"{name}.log").read_text(errors="replace")

    def last_words(self, name: str) -> str:
        """Return the last lines of a process's output."""
        lines = self.log_of(name).splitlines()[-8:] or ["(nothing)"]
        return "\n    ".join(["it said:", *lines])

    def check(self) -> None:
        """Check that all processes still run.

        :raises Fatal: a process ended; the hint has its last output.
        """
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                raise Fatal(f"{name} ended with code {code}", hint=self.last_words(name))

    def kill(self, name: str) -> None:
        """Kill a process, as a crash would, and free its name."""
        process = self._running.pop(name)
        _signal(process, signal.SIGKILL)
        process.wait()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop all processes, first with SIGTERM and then with SIGKILL; none is left on return."""
        running = list(reversed(self._running.values()))
        self._running.clear()
        for process in running:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        for process in running:
            _reap(process, deadline)


def _reap(process: "subprocess.Popen[bytes]", deadline: float) -> int:
    try:
        code = process.wait(max(0.01, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
    _signal(process, signal.SIGKILL)  # also what it may have started and left behind
    return process.wait() if code is None else code


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # The group has the process's own id (start_new_session), and outlives it if it has children.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _held(command: Sequence[str]) -> list[str]:
    """Return a command that ends when this process is killed; Linux only.

    Python could request this in the child between fork and exec. But then fork handlers of other
    libraries run with all files closed, and gRPC's aborts.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _HOLD, str(os.getpid()), *command]
