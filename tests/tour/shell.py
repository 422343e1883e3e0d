"""Types commands as a reader would: in a real shell, with gitmesh, git and Envoy on the path.

What differs from run to run for no reason that a reader cares about is made the same: the folder,
the loopback addresses, the user's name. What programs that go on do is over when the shell is left.
"""

import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Self

from gitmesh.inbox.spool import pushes, refused_pushes
from gitmesh.queries.log_location import LOG_IN_GIT_DIR
from tests.support import warm
from tests.support.git import ENVIRONMENT
from tests.support.loopback import loopback_address

PATIENCE_S: Final = 200.0
_READ_WITHIN_S: Final = 5.0
_ADDRESS: Final = re.compile(r"(?<!\d)127(?:\.\d{1,3}){3}(?!\d)")
_READY: Final = re.compile(r" ready |starting workers|^Serving ", re.MULTILINE)
_ENVOY: Final = """\
#!/bin/sh
case " $* " in *" --disable-hot-restart "*) ;; *) set -- --disable-hot-restart "$@" ;; esac
exec "{envoy}" --concurrency 1 --file-flush-interval-msec 50 "$@"
"""
"""Runs beside other Envoys; what it logs to a file is there at once, and not after ten seconds."""
_REMEMBER: Final = """\
_code=$?
pwd > '{where}'
compgen -v | grep '^[a-z]' | while read -r _name; do declare -p "$_name"; done > '{known}'
exit $_code
"""
"""Each command has a process of its own; the next one begins where it was, with its variables."""


class Shell:
    """A shell in a folder. A command that ends with ``&`` runs on until the shell is left."""

    def __init__(self, folder: Path) -> None:
        self._top = folder.resolve()
        self._here = self._top
        self._addresses: dict[str, str] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        self._known = self._top / ".known"
        self._recall = f"[ ! -e '{self._known}' ] || . '{self._known}'\n"
        self._tools = self._top / ".tools"
        self._tools.mkdir()
        warm.warm_program(self._tools / "gitmesh")
        path = [str(self._tools), str(Path(sys.executable).parent), ENVIRONMENT["PATH"]]
        self._environment = {
            **ENVIRONMENT,
            "PATH": ":".join(path),
            "PYTHONHASHSEED": "0",
            "TMPDIR": str(self._top),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            process.wait(PATIENCE_S)

    def type(self, command: str) -> str:
        """Return what a command prints, and how it ends where that is not with 0."""
        if re.search(r"\benvoy\b", command):
            self._bring_envoy()
        real = _ADDRESS.sub(lambda found: self._address(found[0]), command)
        self._until_notes_are_read()
        said = self._start(real) if command.endswith(" &") else self._run(real)
        return self._as_read(said)

    def _run(self, command: str) -> str:
        where = self._top / ".where"
        script = f"{self._recall}{command}\n{_REMEMBER.format(where=where, known=self._known)}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._here,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
            check=False,
        )
        self._here = Path(where.read_text().rstrip("\n"))
        ending = f"[exit code {done.returncode}]\n" if done.returncode else ""
        return done.stdout.decode() + ending

    def _start(self, command: str) -> str:
        log = self._top / f".said-{len(self._running)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"{self._recall}exec {command.removesuffix(' &')}"],
                cwd=self._here,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._running.append(process)
        elsewhere = re.search(r'--log-path "\$(\w+)/(\S+)"', command)
        told = self._value_of(elsewhere[1]) / elsewhere[2] if elsewhere else log
        deadline = time.monotonic() + PATIENCE_S
        while not _READY.search(said := told.read_text() if told.exists() else ""):
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        return said if command.startswith("gitmesh") else ""

    def _until_notes_are_read(self) -> None:
        """Wait until a running server has read what hooks and commands left for it.

        It does so ten times a second; a reader of a page is never as fast as this shell.
        """
        deadline = time.monotonic() + _READ_WITHIN_S
        if not any(process.poll() is None for process in self._running):
            return
        logs = [
            log for depth in ("*", "*/*") for log in self._top.glob(f"{depth}/{LOG_IN_GIT_DIR}")
        ]
        while time.monotonic() < deadline:
            if not any(notes(log).take() for log in logs for notes in (pushes, refused_pushes)):
                return
            time.sleep(0.02)

    def _value_of(self, variable: str) -> Path:
        said = subprocess.run(
            ["bash", "-c", f"{self._recall}echo ${variable}"], capture_output=True, text=True
        )
        return Path(said.stdout.strip())

    def _address(self, shown: str) -> str:
        return self._addresses.setdefault(shown, loopback_address())

    def _as_read(self, said: str) -> str:
        for shown, real in self._addresses.items():
            said = re.sub(rf"(?<!\d){re.escape(real)}(?!\d)", shown, said)
        said = re.sub(rf"{re.escape(str(self._top))}/(tmp\.\w{{10}}/)?", "", said)
        me = re.escape(pwd.getpwuid(os.getuid()).pw_name)
        return re.sub(
            rf"\b{me}(?= pushed | was REFUSED | until |: |$)", "alice", said, flags=re.MULTILINE
        )

    def _bring_envoy(self) -> None:
        from tests.support.envoy import find_envoy

        script = self._tools / "envoy"
        script.write_text(_ENVOY.format(envoy=find_envoy()))
        script.chmod(0o755)
