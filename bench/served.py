"""A ``gitmesh serve`` process as users run it, and pushes to its repository."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from bench.child import cpu_s
from bench.repository import git

PATIENCE_S = 120.0


class Served:
    """A server process on a port that it keeps after restarts. Ends with the block."""

    def __init__(self, repository: Path, *options: str, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self._log = repository.parent / "serve.log"
        command = [sys.executable, "-m", "gitmesh", "serve", str(repository), "--json"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}", *options], stdout=log, stderr=log
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + PATIENCE_S
        while '"ready"' not in self._log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"gitmesh serve is not ready:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def workers(self) -> list[int]:
        """The worker processes of the server."""
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(each) for each in found if _is_worker(each)]

    def cpu_s(self) -> float:
        """Return the CPU time of the server and its workers."""
        return sum(map(cpu_s, (self.process.pid, *self.workers)))


def _is_worker(pid: str) -> bool:
    return b"gitmesh.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


class WorkTree:
    """A clone whose commits are pushed to a repository."""

    def __init__(self, repository: Path) -> None:
        self._ref = repository / "refs" / "heads" / "main"
        self._path = repository.parent / "clone"
        git(repository.parent, "clone", "-q", str(repository), str(self._path))
        for name, value in (("user.name", "Bench"), ("user.email", "bench@example.com")):
            git(self._path, "config", name, value)

    def commit(self, files: Mapping[str, str], message: str) -> str:
        """Commit these files (none for a commit without changes); return the commit's id."""
        for path, text in files.items():
            (self._path / path).write_text(text)
        git(self._path, "add", "-A")
        git(self._path, "commit", "-q", "--allow-empty", "-m", message)
        return git(self._path, "rev-parse", "HEAD").strip()

    def push(self, branch: str = "main") -> int:
        """Push; return the time of the last move of ``main``, on the clock of
        ``time.monotonic_ns``.

        The time is that of the ref's file, which may be 4 ms too early (the kernel's tick), never
        late.
        """
        git(self._path, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return self._ref.stat().st_mtime_ns - (time.time_ns() - time.monotonic_ns())


def established(pid: int) -> int:
    """Return the number of a process's open sockets."""
    links = (entry.path for entry in os.scandir(f"/proc/{pid}/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
