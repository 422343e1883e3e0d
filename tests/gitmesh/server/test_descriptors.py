"""A server with many connections, and one without free file descriptors."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.descriptors import limit, limit_of, limited, open_descriptors
from tests.support.git import Repo, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from xds.type_urls import CLUSTER

HARD = 500
SILENT = 700
PATIENCE_S = 30.0


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    return bare


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if is_worker(each)]


def is_worker(pid: str) -> bool:
    return b"gitmesh.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


@contextlib.contextmanager
def silent(address: str) -> Iterator[None]:
    """Connect to a server again and again and say nothing, until the block ends."""
    host, _, port = address.rpartition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(SILENT):
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_connection((host, int(port)), timeout=5))
        yield


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_processes_that_serve_take_the_descriptors_that_they_may_have(
    bare: Path, workers: str
) -> None:
    with Server(bare, "--workers", workers, within=limited(512, 20_000)) as server:
        server.wait_for("ready")
        pid = server.process.pid
        for each in workers_of(pid) if workers != "0" else [pid]:
            assert limit_of(each)[0] > 10_000


def test_a_limit_that_is_too_low_for_the_streams_is_told_at_the_start(bare: Path) -> None:
    with Server(bare, within=limited(HARD, HARD)) as server:
        told = server.wait_for("the descriptor limit allows fewer connections than streams")
        assert told["max_streams"] == 10_000
        assert isinstance(told["connections"], int)
        assert HARD // 2 < told["connections"] < HARD
        assert "ulimit -n" in str(told["hint"])


@pytest.mark.parametrize("workers", ["0", "1"])
def test_more_silent_connections_than_descriptors_stop_no_push(bare: Path, workers: str) -> None:
    with Server(bare, "--workers", workers, within=limited(HARD, HARD)) as server:
        with RawClient(server.address, ENTRANCE) as proxy:
            proxy.subscribe(CLUSTER)
            with silent(server.address):
                told = server.wait_for(
                    "there is no room for more connections: new ones are closed at once"
                )
                assert "docs/serving.md" in str(told["hint"])
                pid = server.process.pid
                (serving,) = workers_of(pid) if workers != "0" else [pid]
                assert open_descriptors(serving) < HARD - 50, "no descriptor is kept"
                commit = put(bare, {**sample_files(), "note.txt": "a change"})
                assert server.wait_for("commit applied", commit=commit[:7])
                status = gitmesh("status", commit, "--repo", bare)
                assert "new proxies are refused: there is no room for more than" in status.out
                assert "has no commit" not in status.out
        assert not [line for line in server.lines() if "has no commit" in str(line)]


def test_a_server_that_can_open_no_file_says_so_and_goes_on_when_it_can(bare: Path) -> None:
    with Server(bare, "--poll", "0.1") as server:
        server.wait_for("ready")
        pid = server.process.pid
        before = limit_of(pid)[0]
        limit(pid, 3)
        commit = put(bare, {**sample_files(), "note.txt": "a change"})
        deadline = time.monotonic() + PATIENCE_S
        while "may have open at once" not in (status := gitmesh("status", "--repo", bare).out):
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        assert "cannot follow the repository: all 3 files that gitmesh may have open" in status
        assert "no commit" not in status
        limit(pid, before)
        server.wait_for("commit applied", commit=commit[:7])
        while "cannot follow" in (status := gitmesh("status", "--repo", bare).out):
            assert time.monotonic() < deadline + PATIENCE_S, status
            time.sleep(0.1)
        assert server.stop() == 0
