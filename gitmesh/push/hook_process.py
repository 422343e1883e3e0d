"""The hook process of a server: it runs git's hooks in copies of itself, which need no imports.

Python takes longer to import gitmesh than to check a push. ``gitmesh serve`` therefore starts this
process as a copy of itself, and :mod:`gitmesh.hooks.client` asks it. Each hook still has a process
of its own, so that a push that takes all memory, or kills its check, concerns itself alone. Between
pushes, the process keeps the specs of the branch, so that a copy reads only what a push changes.

Whoever runs as another user than the server runs hooks by themselves: the log must know who pushed.
"""

import ast
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

from events.opening import open_for_reading
from gitmesh.environment import replace_process_environment
from gitmesh.hooks.client import (
    GO,
    MOST_BYTES,
    NO_VERDICT,
    PROTOCOL,
    TAKEN,
    address,
    peer_uid,
)
from gitmesh.push.read_specs import ReadSpecs
from gitmesh.queries.log_location import git_dir, log_path
from mesh.errors import GitmeshError

MOST_COPIES: Final = 16
"""Maximum number of hooks that run at once; further ones run by themselves."""
_SAID_S: Final = 5.0
"""Maximum time for a client to send its request, and then to accept."""
_NAME: Final = "gitmesh-hooks"
"""Name of the process in ``ps`` and ``top``."""
_BEGIN: Final = b"1"
_IDLE_S: Final = 0.05
_STREAMS: Final = 3
_MODULES: Final = (
    "gitmesh.push.__main__",
    "gitmesh.push.pre_receive",
    "gitmesh.push.post_receive",
    "reconciler.git.repository",
)

Request = tuple[Sequence[str], Mapping[str, str], str]
"""Arguments, environment and current directory of a hook."""


@contextlib.contextmanager
def hook_process(
    repo: Path, log: Path | None, branch: str | None
) -> Iterator[Callable[[], object]]:
    """Make a process that runs a repository's hooks until the block ends, in copies of itself.

    Yields a function that lets it begin, once the log is there. Call this while the process has one
    thread. Nothing here is an error, because hooks can run by themselves.

    :param log: the event log; None for that of the repository.
    :param branch: the branch whose specs are kept; None for that of HEAD.
    """
    reading, writing = os.pipe()
    try:
        made = not os.fork()
    except OSError:
        made = False
    if made:
        os.close(writing)
        _become_hook_process(reading, repo, log, branch)
    os.close(reading)

    def begin() -> None:
        with contextlib.suppress(OSError):  # it has ended
            os.write(writing, _BEGIN)

    try:
        yield begin
    finally:
        os.close(writing)


# ---- in the hook process ------------------------------------------------------------------------


def _become_hook_process(server: int, repo: Path, log: Path | None, branch: str | None) -> NoReturn:
    try:
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(_NAME)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(_STREAMS):  # whoever reads the server's output waits for its end
            os.dup2(nothing, number)
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)  # the process ends with its server
        if os.read(server, 1) == _BEGIN:
            _answer_clients(server, repo, log, branch)
    finally:
        os._exit(0)


def _answer_clients(server: int, repo: Path, log: Path | None, branch: str | None) -> None:
    """Answer until the server ends; start again when it has begun with another log."""
    for name in _MODULES:
        importlib.import_module(name)
    while True:
        path = log_path(repo, log)
        with contextlib.suppress(GitmeshError):
            open_for_reading(path).close()  # imports the store
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(address(str(path)))
            listening.listen()
            if not _HookProcess(listening, server, git_dir(repo), branch).run():
                return


class _HookProcess:
    """Answers clients until the server ends."""

    def __init__(
        self, listening: socket.socket, server: int, git_dir: Path, branch: str | None
    ) -> None:
        self._listening = listening
        self._server = server
        self._git_dir = git_dir
        self._branch = branch
        self._specs = ReadSpecs()
        self._running: dict[int, int] = {}
        """Process ids of the running copies, by their file descriptors."""
        self._outdated = True
        """True if the specs were not read since the last hook ended."""
        self._selector = selectors.DefaultSelector()
        for each in (listening, server):
            self._selector.register(each, selectors.EVENT_READ)

    def run(self) -> bool:
        """Return False when the server has ended, and True when it has another log."""
        gc.collect()
        gc.freeze()
        while True:
            found = self._selector.select(_IDLE_S if self._outdated else None)
            if not found:
                self._read_specs()
            for key, _ in found:
                if key.fd == self._server:
                    return os.read(self._server, 1) == _BEGIN
                if key.fd in self._running:
                    self._end(key.fd)
                else:
                    self._accept()

    def _read_specs(self) -> None:
        self._outdated = False
        self._specs.read(self._git_dir, self._branch)
        gc.collect()
        gc.freeze()

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        with client:
            client.settimeout(_SAID_S)
            # If the client has gone, or there are no more processes, it helps itself.
            with contextlib.suppress(OSError):
                request = _request(client.recv(MOST_BYTES))
                if request and peer_uid(client) == os.getuid() and len(self._running) < MOST_COPIES:
                    self._start(client, request)

    def _start(self, client: socket.socket, request: Request) -> None:
        if not (copy := os.fork()):
            self._become_hook(client, request)
        ended = os.pidfd_open(copy)
        self._running[ended] = copy
        self._selector.register(ended, selectors.EVENT_READ)

    def _end(self, ended: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        os.waitpid(self._running.pop(ended), 0)
        self._outdated = True

    def _become_hook(self, client: socket.socket, request: Request) -> NoReturn:
        """Run a hook, if the client still waits; tell it the exit code."""
        code = NO_VERDICT
        try:
            self._listening.close()
            os.close(self._server)
            client.send(TAKEN)
            said, streams, _, _ = socket.recv_fds(client, 16, _STREAMS)
            if said == GO and len(streams) == _STREAMS:
                code = _hook(streams, request, self._specs)
                client.send(str(code).encode())
        finally:
            os._exit(code)


def _request(data: bytes) -> Request | None:
    """Return a client's request, None if it is damaged or of another version."""
    try:
        match ast.literal_eval(data.decode()):
            case (version, list(arguments), dict(environment), str(folder)):
                variables = [*environment, *environment.values()]
                if (
                    version == PROTOCOL
                    and all(isinstance(text, str) for text in arguments)
                    and all(isinstance(text, bytes) for text in variables)
                ):
                    texts = {os.fsdecode(k): os.fsdecode(v) for k, v in environment.items()}
                    return arguments, texts, folder
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    return None


def _hook(streams: Sequence[int], request: Request, specs: ReadSpecs) -> int:
    arguments, environment, folder = request
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - open until the process ends
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    replace_process_environment(environment)
    from gitmesh.push.__main__ import main

    code = main(arguments, specs)
    sys.stderr.flush()
    return code
