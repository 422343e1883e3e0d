"""A server under a real limit of memory, started again whenever it ends, as a supervisor does."""

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import grpc

from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.memory import limited, most_data_bytes
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE
from tests.support.server import Server
from xds.type_urls import CLUSTER

_PATIENCE_S = 20.0
_MOST_ENDS = 2
"""A commit may end the server so often."""


def served(server: Server) -> frozenset[str]:
    """Return the clusters that a new proxy is served; at a start it may have to connect again."""
    port = server.wait_for("serving xDS")["port"]
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with (
            contextlib.suppress(AssertionError, grpc.RpcError),
            RawClient(f"127.0.0.1:{port}", ENTRANCE) as client,
        ):
            return frozenset(client.subscribe(CLUSTER).resources)
        assert time.monotonic() < deadline, "a proxy is not served"
        time.sleep(0.1)


def degraded(repo: Repo) -> dict[str, str]:
    """Return the messages of the obstacles that the status names, by their reasons."""
    told = gitmesh("status", "--repo", repo.origin, "--json").json()["degraded"]
    return {each["reason"]: each["message"] for each in told}


def logged(repo: Repo) -> list[dict[str, Any]]:
    """Return the events of the log."""
    told = gitmesh("log", "--repo", repo.origin, "--json").out
    return [json.loads(line) for line in told.splitlines()]


@dataclass
class Supervised:
    """How servers of one repository are started, one after the other."""

    repo: Repo
    above_idle: int
    """Bytes that they may have beyond those of an idle server."""
    options: Sequence[str] = ()
    program: str | None = None

    def __post_init__(self) -> None:
        self._numbers = count()
        with Server(self.repo.origin, *self.options, name="idle") as server:
            server.wait_for("ready")
            self.mesh = served(server)
            """Clusters that are served."""
            self._limit = most_data_bytes(server.process.pid) + self.above_idle
            assert server.stop() == 0

    def start(self) -> Server:
        """Return a server under the limit."""
        return Server(
            self.repo.origin,
            *self.options,
            name=f"limited{next(self._numbers)}",
            within=limited(self._limit),
            program=self.program,
        )

    def push(self) -> int:
        """Push, and keep a server running until it holds the commit back; return how many ended.

        Each of them serves the mesh before it reads the branch, and the last one afterwards.
        """
        for ended in range(_MOST_ENDS + 1):
            with self.start() as server:
                assert served(server) == self.mesh
                if ended == 0:
                    server.wait_for("ready")
                    self.repo.push()
                while server.process.poll() is None and "held-back" not in degraded(self.repo):
                    time.sleep(0.1)
                if server.process.poll() is None:
                    assert served(server) == self.mesh
                    assert server.stop() == 0
                    return ended
        raise AssertionError("the commit ends the server again and again")
