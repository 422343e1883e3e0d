"""A ``gitmesh serve`` in a separate process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tests.support import warm

PATIENCE_S = 60.0
_OTHER_RULES = """
from reconciler import rules
rules.RULES = {}
from gitmesh.__main__ import main
main()
"""


class Server:
    """Serves a repository on a free port; its log lines are read as JSON. Ends with the block.

    ``within`` is a command prefix: a network namespace. ``name`` distinguishes its lines from those
    of other servers. ``rules`` sets the number of the validation rules. ``program`` is Python code
    to run instead of gitmesh itself. ``cold`` starts the interpreter, as any of these does; else
    the server is a copy of a process that has imported it already. ``address`` is that of a remote
    repository to follow instead; the log lines are kept beside ``repo``.
    """

    def __init__(
        self,
        repo: Path,
        *options: str,
        hash_seed: str | None = None,
        within: Sequence[str] = (),
        name: str = "serve",
        rules: int | None = None,
        program: str | None = None,
        cold: bool = False,
        address: str | None = None,
    ) -> None:
        self._log = repo.parent / f"{name}.log"
        listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
        if rules is not None:
            program = _OTHER_RULES.format(rules)
        serve = ["serve", address or str(repo), "--json", *listen, *options]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed or "random"}
        self.process: subprocess.Popen[bytes] | warm.Copy
        with self._log.open("wb") as log:
            if cold or within or hash_seed or rules is not None:
                run = ["-m", "gitmesh"] if program is None else ["-c", program]
                command = [*within, sys.executable, *run, *serve]
                self.process = subprocess.Popen(command, stderr=log, stdout=log, env=environment)
            else:
                self.process = warm.start(
                    serve, output=log.fileno(), environment=environment, program=program
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def address(self) -> str:
        """Address for proxies; waits until they can connect."""
        self.wait_for("ready")
        return f"127.0.0.1:{self.wait_for('serving xDS')['port']}"

    def lines(self) -> list[dict[str, object]]:
        """Return every log line so far."""
        text = self._log.read_text().splitlines()
        return [json.loads(line) for line in text if line.startswith("{")]

    def wait_for(self, message: str, **facts: object) -> dict[str, object]:
        """Return the first line with that message and those fields."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for line in self.lines():
                if line["message"] == message and facts.items() <= line.items():
                    return line
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; fail if the server ends."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to end it; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)
