"""Start gitmesh in a copy of a process that has imported it already.

To import a server takes a second of a processor, and hundreds of tests start one. A copy has its
own arguments, environment, folder, streams and signals, and ends as any process does. What a start
imports, and when, is tested where :class:`Server` starts ``python -m gitmesh`` itself.
"""

import ast
import atexit
import contextlib
import gc
import importlib
import os
import pkgutil
import re
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from gitmesh.hooks.scripts import NAMES

ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("mesh", "events", "reconciler", "xds", "gitmesh")
_MOST_BYTES: Final = 1 << 17
_STREAMS: Final = 3
_COMMAND: Final = "from gitmesh.__main__ import main; main()"
_HOOK: Final = """
import sys
from gitmesh.process_exit import leave
from gitmesh.push.__main__ import main
code = main()
leave(code)
sys.exit(code)
"""
_STUB: Final = """\
#!/bin/sh
'''exec' "{python}" -IS "$0" "$@"
' '''
import _signal, _socket, array, os, sys
{check}
made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
made.connect({address!r})
asked = repr((sys.argv[{first}:], dict(os.environ), os.getcwd(), {program!r}))
streams = array.array("i", [0, 1, 2])
made.sendmsg([asked.encode()], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
copy = int(made.recv(16))
for number in (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM):
    if _signal.getsignal(number) != _signal.SIG_IGN:
        _signal.signal(number, lambda number, _: os.kill(copy, number))
code = int(made.recv(16))
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""
"""Stands for a program that runs in a copy, and hands signals on to it.

Its first lines are shell and Python: the path of an interpreter after ``#!`` may have no space.
"""
_OF_HOOK: Final = 'assert sys.argv[1:4] == ["-P", "-m", "gitmesh.push"], sys.argv'
_number = count()


class Copy:
    """A running copy; as much of :class:`subprocess.Popen` as tests need."""

    def __init__(self, source: socket.socket) -> None:
        self.pid = int(source.recv(16))
        self.returncode: int | None = None
        self._source = source

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended.

        :raises subprocess.TimeoutExpired: it runs on.
        """
        if self.returncode is None:
            if not select.select([self._source], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("gitmesh", timeout or 0)
            with self._source:
                self.returncode = int(self._source.recv(16))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)


def start(
    arguments: Sequence[str],
    *,
    output: int,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    program: str | None = None,
    within: Sequence[str] = (),
) -> Copy:
    """Start ``gitmesh`` with these arguments, or Python code that has them in ``sys.argv``.

    ``within`` is a command that prepares a process and then becomes the one that it is given.
    """
    variables = dict(os.environ if environment is None else environment)
    asked = (list(arguments), variables, str(folder or Path.cwd()), program)
    source = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    source.connect(_source(tuple(within)))
    with open(os.devnull, "rb") as nothing:
        socket.send_fds(source, [repr(asked).encode()], [nothing.fileno(), output, output])
    return Copy(source)


def warm_hooks(origin: Path) -> None:
    """Let the hooks of a repository run in copies, too."""
    python = origin / "warm-python"
    _write_stub(python, check=_OF_HOOK, first=4, program=_HOOK)
    for name in NAMES:
        hook = origin / "hooks" / name
        text, found = re.subn(r"(?m)^python=.*$", f"python='{python}'", hook.read_text())
        assert found
        hook.write_text(re.sub(r"(?m)^client=.*$", "client=", text))


def warm_program(path: Path) -> None:
    """Write a program that is ``gitmesh``, and runs in copies."""
    _write_stub(path, check="", first=1, program=None)


def _write_stub(path: Path, *, check: str, first: int, program: str | None) -> None:
    said = {"check": check, "first": first, "program": program}
    path.write_text(_STUB.format(python=sys.executable, address=_source(()), **said))
    path.chmod(0o755)


@cache
def _source(within: Sequence[str]) -> str:
    """Start the process that is copied; return the address where it is asked for copies.

    It ends with this one.
    """
    address = f"\0gitmesh-tests-{os.getpid()}-{next(_number)}"
    living, alive = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        fds = (listening.fileno(), living)
        command = [*within, sys.executable, "-m", __name__, *map(str, fds)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=fds)
    os.close(living)

    def end() -> None:
        os.close(alive)
        process.wait()

    atexit.register(end)
    return address


# ---- in the process that is copied --------------------------------------------------------------


Asked = tuple[Sequence[str], Mapping[str, str], str, str | None]


def _main(listening: socket.socket, living: int) -> None:
    for package in _PACKAGES:
        for each in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            importlib.import_module(each.name)
    gc.collect()
    gc.freeze()
    if asked := _Source(listening, living).serve():
        _become(*asked)


class _Source:
    """Makes copies of this process until that which asks for them has ended."""

    def __init__(self, listening: socket.socket, living: int) -> None:
        self._listening = listening
        self._living = living
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._selector = selectors.DefaultSelector()
        for each in (listening, living):
            self._selector.register(each, selectors.EVENT_READ)

    def serve(self) -> Asked | None:
        """Return in each copy what is asked of it, and None in the process that is copied."""
        while True:
            for key, _ in self._selector.select():
                if key.fd == self._living:
                    return None
                if key.fd in self._running:
                    self._end(key.fd)
                elif asked := self._copy():
                    return asked

    def _copy(self) -> Asked | None:
        source, _ = self._listening.accept()
        data, streams, _, _ = socket.recv_fds(source, _MOST_BYTES, _STREAMS)
        if not (pid := os.fork()):
            self._leave()
            source.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            asked: Asked = ast.literal_eval(data.decode())
            return asked
        for stream in streams:
            os.close(stream)
        _tell(source, pid)
        ended = os.pidfd_open(pid)
        self._running[ended] = (pid, source)
        self._selector.register(ended, selectors.EVENT_READ)
        return None

    def _end(self, ended: int) -> None:
        pid, source = self._running.pop(ended)
        self._selector.unregister(ended)
        os.close(ended)
        with source:
            _tell(source, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    def _leave(self) -> None:
        self._selector.close()
        self._listening.close()
        os.close(self._living)
        for ended, (_, source) in self._running.items():
            os.close(ended)
            source.close()


def _tell(source: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # who asked has ended
        source.send(str(number).encode())


def _become(
    arguments: Sequence[str], environment: Mapping[str, str], folder: str, program: str | None
) -> None:
    # What was open there may have been of another kind, which Python remembers.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - open until the process ends
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = ["gitmesh", *arguments]
    exec(program or _COMMAND, {"__name__": "__main__"})


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
