"""The git command, run with bounds on time and output. Blocking."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from events.types import REMOTE_UNREACHABLE
from reconciler.reading.source import SourceUnavailable

_MOST_BYTES: Final = 1024 * 1024
"""Maximum output that is kept; git is ended if there is more."""
_CHUNK: Final = 64 * 1024
_STEP_S: Final = 0.1
"""Interval at which a request to stop is noticed."""


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """Exit code and output of a git command."""

    code: int
    output: str
    errors: str


class GitStopped(Exception):
    """The command was ended because the caller is being stopped."""


def run_git(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    timeout_s: float,
    stopping: Callable[[], bool] = lambda: False,
) -> GitAnswer:
    """Run a git command with exactly these variables, without a terminal; return its answer.

    When the time is over, git and all processes that it started are ended.

    :raises GitStopped: ``stopping`` returned true.
    :raises SourceUnavailable: it took too long, printed too much, or git is not installed.
    """
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            env=environment,
            cwd="/",  # not in a repository, whose configuration would count
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that its children can be ended with it
        )
    except OSError as error:
        raise SourceUnavailable(
            REMOTE_UNREACHABLE,
            f"the git command cannot be run: {error.strerror}",
            hint="install git",
        ) from None
    with process:
        try:
            output, errors = _collect(process, time.monotonic() + timeout_s, stopping)
        finally:
            _end(process)
        return GitAnswer(process.wait(), output, errors)


def _collect(
    process: "subprocess.Popen[bytes]", deadline: float, stopping: Callable[[], bool]
) -> tuple[str, str]:
    streams = [each for each in (process.stdout, process.stderr) if each is not None]
    found = {each.fileno(): bytearray() for each in streams}
    with selectors.DefaultSelector() as selector:
        for descriptor in found:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            if stopping():
                raise GitStopped
            if time.monotonic() > deadline:
                raise SourceUnavailable(REMOTE_UNREACHABLE, "the remote did not answer in time")
            for key, _ in selector.select(_STEP_S):
                part = os.read(key.fd, _CHUNK)
                if not part:
                    selector.unregister(key.fd)
                found[key.fd] += part
            if sum(map(len, found.values())) > _MOST_BYTES:
                raise SourceUnavailable(REMOTE_UNREACHABLE, "the remote sent too much text")
    output, errors = (bytes(each).decode(errors="replace") for each in found.values())
    return output, errors


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and what it started, unless all have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
