"""Pastes commands into an interactive shell, all at once, as somebody does who follows a page."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 120.0
_PROMPT: Final = "=ready="
_LATER: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\dT[\d:.]+Z +[A-Z]+ .*"  # what a server logs
    r"|\[\d+\][+-]? .*"  # jobs
    r"|bash: (?:cannot set terminal process group.*|no job control in this shell))\n",
    re.MULTILINE,
)


def paste(
    commands: Sequence[str], folder: Path, environment: Mapping[str, str], said: Path
) -> tuple[list[str], str]:
    """Type commands into a shell in a folder; return what each printed, and what came beside it.

    What servers log while other commands run comes beside it. What still runs is ended.
    """
    mark = f"pasted-{os.getpid()}-{time.monotonic_ns()}"
    lines = "\n".join([*commands, "exit 0", ""])
    with said.open("wb") as file:
        done = subprocess.run(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            input=lines.encode(),
            cwd=folder,
            env={**environment, "PS1": f"{_PROMPT}\n", "PS2": "", "HISTFILE": "", "PASTED": mark},
            stdout=file,
            stderr=file,
            timeout=PATIENCE_S,
            check=False,
        )
    end_all(mark)
    text = said.read_text()
    assert done.returncode == 0, text
    beside = "".join(_LATER.findall(text))
    parts = _LATER.sub("", text).split(f"{_PROMPT}\n")[1:]
    assert len(parts) == len(commands) + 1, text
    return parts[: len(commands)], beside


def end_all(mark: str) -> None:
    """End every process that was started with a mark in its environment, and wait until it is."""
    deadline = time.monotonic() + PATIENCE_S
    while found := _marked(mark):
        late = time.monotonic() > deadline - PATIENCE_S / 2
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                continue
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def _marked(mark: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue  # It has ended, or is somebody else's.
    return found
