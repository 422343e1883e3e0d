"""A commit that crashes the server: the last good mesh is still served."""

import json
import subprocess
from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

pytestmark = pytest.mark.timeout(600)  # many processes start, one after the other

DEADLY = """
import os, signal, sys
from reconciler.reading.reader import TreeReader
read = TreeReader.read
def deadly(self, root, *rest):
    if root in {trees!r}:
        {how}
    return read(self, root, *rest)
TreeReader.read = deadly
from gitmesh.__main__ import main
main()
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
NO_MEMORY = "raise MemoryError"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    with Server(bare, name="first") as server:
        server.wait_for("ready")
        assert server.stop() == 0
    return bare


def tree_of(bare: Path, commit: str) -> str:
    asked = ["git", "-C", str(bare), "rev-parse", f"{commit}^{{tree}}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def deadly(bare: Path, *commits: str, how: str = KILL) -> str:
    """Return a program whose server ends when it reads one of these commits."""
    return DEADLY.format(trees={tree_of(bare, commit) for commit in commits}, how=how)


def degraded(bare: Path) -> list[str]:
    said = json.loads(gitmesh("status", "--repo", bare, "--json").out)["degraded"]
    return [each["reason"] for each in said]


def test_a_commit_that_kills_the_server_twice_is_held_back(bare: Path) -> None:
    good = subprocess.check_output(["git", "-C", str(bare), "rev-parse", "main"], text=True).strip()
    bad = put(bare, sample_files(shares(10)), minute=1)
    program = deadly(bare, bad)
    for n in (1, 2):
        with Server(bare, name=f"killed{n}", program=program) as server:
            assert server.process.wait(60) == -9
            assert "serving xDS" in {line["message"] for line in server.lines()}
    with Server(bare, name="holding", program=program) as server:
        assert server.wait_for("ready")["commit"] == good
        server.wait_until(lambda: degraded(bare) == ["held-back"])
        server.wait_until(lambda: any("is held back" in str(x["message"]) for x in server.lines()))
        (line,) = [x for x in server.lines() if "is held back" in str(x["message"])]
        assert bad[:7] in str(line["message"])
        assert "gitmesh retry" in str(line["message"])
        shown = gitmesh("status", "--repo", bare)
        assert f"commit {bad[:7]} is held back" in shown.out
        # The branch moves: a commit without what was deadly.
        mended = put(bare, sample_files(shares(20)), [good], minute=2)
        server.wait_for("commit applied", commit=mended[:7])
        server.wait_until(lambda: degraded(bare) == [])
        assert server.stop() == 0


def test_an_operator_may_have_it_tried_again(bare: Path) -> None:
    bad = put(bare, sample_files(shares(10)), minute=1)
    program = deadly(bare, bad)
    for n in (1, 2):
        with Server(bare, name=f"killed{n}", program=program) as server:
            assert server.process.wait(60) == -9
    with Server(bare, name="holding") as server:  # where it would do no harm
        server.wait_until(lambda: degraded(bare) == ["held-back"])
        asked = gitmesh("retry", "--repo", bare, "--json")
        assert asked.code == 0
        assert asked.json() == {"heldBack": bad, "serverRuns": True}
        server.wait_for("commit applied", commit=bad[:7])
        server.wait_until(lambda: degraded(bare) == [])
        again = gitmesh("retry", "--repo", bare)
        assert (again.code, again.out) == (0, "no commit is held back\n")
        assert server.stop() == 0


def test_a_commit_on_the_way_to_the_tip_is_named(bare: Path) -> None:
    bad = put(bare, sample_files(shares(10)), minute=1)
    tip = put(bare, sample_files(shares(20)), minute=2)
    program = deadly(bare, bad)
    for n in (1, 2):
        with Server(bare, name=f"killed{n}", program=program) as server:
            assert server.process.wait(60) == -9
    with Server(bare, name="holding", program=program) as server:
        server.wait_until(lambda: degraded(bare) == ["held-back"])
        shown = gitmesh("status", "--repo", bare).out
        assert f"commit {bad[:7]}, on the way to {tip[:7]}, is held back" in shown


def test_memory_that_runs_out_does_not_end_the_server(bare: Path) -> None:
    bad = put(bare, sample_files(shares(10)), minute=1)
    with Server(bare, name="short", program=deadly(bare, bad, how=NO_MEMORY)) as server:
        server.wait_for("ready")
        server.wait_until(lambda: degraded(bare) == ["held-back"])
        mended = put(bare, sample_files(shares(20)), [f"{bad}"], minute=2)
        server.wait_until(lambda: degraded(bare) == ["held-back"])
        good = put(bare, sample_files(shares(20)), [], minute=3)
        server.wait_for("commit applied", commit=good[:7])
        assert mended[:7] not in {line.get("commit") for line in server.lines()}
        assert server.stop() == 0


def test_a_rejected_commit_that_kills_when_it_is_read_again_holds_nothing_up(bare: Path) -> None:
    broken = put(bare, {**sample_files(), "shop/broken.yaml": "kind: nothing\n"}, minute=1)
    with Server(bare, name="second") as server:
        server.wait_for("commit rejected")
        assert server.stop() == 0
    program = deadly(bare, broken)
    for n in (1, 2):
        with Server(bare, name=f"killed{n}", program=program) as server:
            assert server.process.wait(60) == -9
    with Server(bare, name="holding", program=program) as server:
        server.wait_for("ready")
        mended = put(bare, sample_files(shares(20)), minute=2)
        server.wait_for("commit applied", commit=mended[:7])
        assert degraded(bare) == []
        assert server.stop() == 0


def test_a_server_that_is_asked_to_end_while_it_reads_has_not_failed(bare: Path) -> None:
    put(bare, sample_files(shares(10)), minute=1)
    for n in range(3):
        slow = deadly(bare, "main", how="import time; time.sleep(1)")
        with Server(bare, name=f"slow{n}", program=slow) as server:
            server.wait_for("serving xDS")
            assert server.stop() == 0
    with Server(bare, name="last") as server:
        server.wait_for("ready")
        assert degraded(bare) == []
