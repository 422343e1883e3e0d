"""Servers that follow one repository have equal mesh chains, whatever else differs."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

Head = Mapping[str, object]


def head(bare: Path, log: Path) -> Head:
    """Return the end of the mesh chain, and that all of it is what git says."""
    told = gitmesh("verify", bare, "--log", log, "--json").json()
    assert told["problems"] == []
    found: Head = told["heads"]["mesh"]
    return found


def test_hash_seeds_start_times_and_workers_leave_no_trace_in_the_chain(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    put(bare, sample_files(), message="The shop's mesh")
    logs = [tmp_path / f"{number}.sqlite3" for number in range(4)]

    def start(log: Path, seed: str, *options: str) -> Server:
        server = Server(bare, "--log", str(log), *options, hash_seed=seed, name=log.stem)
        return stack.enter_context(server)

    with ExitStack() as stack:
        servers = [start(logs[0], "1"), start(logs[1], "2", "--workers", "1")]
        for server in servers:
            server.wait_for("ready")
        put(bare, sample_files(shares(10)), minute=1)
        bad = put(bare, sample_files(shares(10, "cart-v3")), minute=2)
        for server in servers:
            server.wait_for("commit rejected", commit=bad[:7])
        servers.append(start(logs[2], "3"))  # it has the whole history before it
        servers[2].wait_for("ready")
        last = put(bare, sample_files(shares(0)), minute=3)
        for server in servers:
            server.wait_for("commit applied", commit=last[:7])
            assert server.stop() == 0
        late = start(logs[3], "4")  # and this one all of it
        late.wait_for("ready")
        assert late.stop() == 0
    heads = [head(bare, log) for log in logs]
    assert heads == [heads[0]] * 4
    assert heads[0]["seq"] == 25
