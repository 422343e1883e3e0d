"""Child processes of benchmarks: controlled by lines of JSON, and measured from here."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 180.0

Command = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def answer_commands_of(commands: Mapping[str, Command], wait: Callable[[], None]) -> None:
    """Read commands from standard input until it ends, and write a response to each."""
    while True:
        wait()
        # Not through the buffer of `sys.stdin`: `wait` would not see what it has read ahead.
        line = _line(sys.stdin.fileno())
        if not line:
            return
        command = json.loads(line)
        answer = commands[command.pop("do")](command)
        print(json.dumps(answer), flush=True)


def _line(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
        if part.endswith(b"\n"):
            break
    return b"".join(parts)


class Child:
    """A process that answers commands. Ends with the block."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._name = module

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def ask(self, do: str, **command: object) -> dict[str, Any]:
        """Send a command, and return its response.

        :raises RuntimeError: the process does not answer.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **command}).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self._read(do))
        if not isinstance(answer, dict):
            raise RuntimeError(f"{self._name} answered {do} with {answer!r}")
        return answer

    def _read(self, do: str) -> bytes:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError(f"{self._name} does not answer {do}")
        return line


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process: all threads, user and system."""
    # clock_getcpuclockid(3): exact to the nanosecond, unlike the ticks in /proc/<pid>/stat.
    return time.clock_gettime(~pid << 3 | 2)


def rss_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no memory")


def settled_cpu_s(pid: int) -> float:
    """Return :func:`cpu_s` as soon as the process is idle, or after a second."""
    last = cpu_s(pid)
    for _ in range(50):
        time.sleep(0.02)
        now = cpu_s(pid)
        if now - last < 0.0003:
            return now
        last = now
    return last
