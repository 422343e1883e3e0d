"""A real server with a full or failing disk, or with files locked by other processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo, put
from tests.support.logs import outsider
from tests.support.sample_shop import sample_files
from tests.support.server import Server

TAKES_NOTHING = "the event log cannot be written: pushes wait"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    return bare


def within_mounts(script: str, folder: Path) -> tuple[str, ...]:
    """Return what runs a command in mounts of its own, after a script for which $0 is a folder."""
    return ("unshare", "--mount", "sh", "-ec", f'{script}; exec "$@"', str(folder))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder to mount on, where that can be done."""
    folder = tmp_path / "place"
    folder.mkdir()
    tried = [*within_mounts('mount -t tmpfs none "$0"', folder), "true"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return folder


def test_a_full_disk_makes_pushes_wait_and_loses_none(bare: Path, place: Path) -> None:
    within = within_mounts('mount -t tmpfs -o size=16m none "$0"', place)
    with Server(bare, "--log", str(place / "events.sqlite3"), within=within) as server:
        server.wait_for("ready")

        def inside(*command: str) -> str:
            enter = ["nsenter", "--mount", "--target", str(server.process.pid), *command]
            return subprocess.run(enter, capture_output=True, text=True, check=False).stdout

        inside("dd", "if=/dev/zero", f"of={place}/filler", "bs=4k", "status=none")
        commits = [
            put(bare, sample_files(shares(n)), minute=n, message=f"Shift {n}\n\n{'x' * 9000}")
            for n in range(1, 30)
        ]
        server.wait_for(TAKES_NOTHING)
        inside("rm", f"{place}/filler")
        server.wait_for("commit applied", commit=commits[-1][:7])
        applied = [line["commit"] for line in server.lines() if line["message"] == "commit applied"]
        assert applied[-29:] == [commit[:7] for commit in commits]
        assert server.stop() == 0
        # The mount is gone with the server; what was in it was read by it alone.


def test_a_disk_that_takes_nothing_is_told_before_anything_is_served(
    bare: Path, place: Path
) -> None:
    log = place / "events.sqlite3"
    assert follow(bare, log=log) == 20
    within = within_mounts('mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"', place)
    with Server(bare, "--log", str(log), within=within) as server:
        assert server.process.wait(30) == 3
        text = (bare.parent / "serve.log").read_text()
    assert "the event log cannot be opened" in text
    assert "hint: check that" in text
    program = [sys.executable, "-m", "gitmesh", "verify", str(bare), "--log", str(log)]
    read = subprocess.run([*within, *program], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")
    assert "the log is intact" in read.stdout


def test_a_file_that_another_program_holds_makes_pushes_wait(bare: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.sqlite3"
    with Server(bare, "--log", str(log)) as server:
        server.wait_for("ready")
        with outsider(log) as holder:
            holder.execute("BEGIN IMMEDIATE")
            commit = put(bare, sample_files(shares(10)), minute=1)
            server.wait_for(TAKES_NOTHING)
            holder.execute("ROLLBACK")
        server.wait_for("commit applied", commit=commit[:7])
        assert server.stop() == 0
    assert gitmesh("verify", bare, "--log", log).code == 0


def test_a_second_server_on_one_log_is_refused(bare: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.sqlite3"
    with Server(bare, "--log", str(log)) as server:
        server.wait_for("ready")
        with Server(bare, "--log", str(log), name="second") as second:
            assert second.process.wait(30) == 3
        text = (tmp_path / "second.log").read_text()
        assert "another process is writing to this event log" in text
        assert server.stop() == 0
