"""A repository or log is unavailable for a moment: the server reports it and recovers."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.git import Repo, git, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from tests.support.shop_client import follow_everything

pytestmark = pytest.mark.timeout(600)  # many processes start, one after the other

ORDINARY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""What makes root a user who may read no more than others may."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    put(bare, sample_files(shares(5)), minute=1)
    git(bare, "gc", "--quiet")
    return bare


def moved(name: str) -> tuple[Callable[[Path], object], Callable[[Path], object]]:
    """Return what moves a file or folder of the repository away, and back."""

    def away(bare: Path) -> object:
        return (bare / name).rename(bare.parent / "aside")

    def back(bare: Path) -> object:
        return (bare.parent / "aside").rename(bare / name)

    return away, back


def closed(name: str) -> tuple[Callable[[Path], object], Callable[[Path], object]]:
    """Return what lets nobody read a file or folder of the repository, and what allows it again."""
    modes = {}

    def close(bare: Path) -> None:
        modes[name] = (bare / name).stat().st_mode
        (bare / name).chmod(0)

    def reopen(bare: Path) -> None:
        (bare / name).chmod(modes[name])

    return close, reopen


def on_the_side(bare: Path) -> str:
    """Return a commit on top of the branch that no server has read."""
    return put(bare, sample_files(shares(8)), [git(bare, "rev-parse", "main")], branch="side")


def said(server: Server, words: str) -> bool:
    return any(words in f"{line['message']} {line.get('why')}" for line in server.lines())


def still_answers(server: Server) -> None:
    with RawClient(server.address, ENTRANCE) as client:
        assert follow_everything(client)


def goes_on(server: Server, bare: Path) -> None:
    """See that a push arrives once nothing is in the way."""
    commit = put(bare, sample_files(shares(10)), minute=9)
    server.wait_for("commit applied", commit=commit[:7])
    server.wait_until(lambda: not gitmesh("status", "--repo", bare, "--json").json()["degraded"])
    assert server.stop() == 0
    assert gitmesh("verify", bare).code == 0
    kinds = {line["kind"] for line in gitmesh("log", "--repo", bare, "--json").json_lines()}
    assert "HistoryRewritten" not in kinds


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".", "contains no repository now"),
        ("refs", "contains no repository now"),
        ("HEAD", ""),  # what it named is followed on
        ("objects", "contains no repository now"),
        ("objects/pack", "not a commit in this repository"),
        ("gitmesh", "the event log is missing"),
    ],
)
def test_what_was_moved_away_is_named_and_comes_back(bare: Path, name: str, words: str) -> None:
    if name == "refs":  # what is packed is older
        put(bare, sample_files(shares(6)), minute=2)
    away, back = moved(name)
    with Server(bare, "--poll", "0.1") as server:
        server.wait_for("ready")
        side = on_the_side(bare)
        if name == "objects/pack":
            git(bare, "repack", "-adq")
        away(bare)
        if name in ("gitmesh", "objects", "objects/pack"):
            (bare / "refs/heads/main").write_text(f"{side}\n")
        server.wait_until(lambda: said(server, words))
        still_answers(server)
        back(bare)
        goes_on(server, bare)


@pytest.mark.parametrize("name", ["refs", "objects", "HEAD"])
def test_a_restart_without_a_part_of_the_repository_serves_the_last_mesh(
    bare: Path, name: str
) -> None:
    with Server(bare, name="first") as first:
        first.wait_for("ready")
        assert first.stop() == 0
    away, back = moved(name)
    away(bare)
    with Server(bare, "--poll", "0.1") as server:
        server.wait_for("ready")
        still_answers(server)
        assert said(server, f"cannot be read: {bare / name} is missing (restore it")
        assert said(server, "the mesh in the log is served meanwhile")
        assert not said(server, "FileNotFoundError")
        assert not said(server, "init")
        told = gitmesh("status", "--repo", bare)
        assert str(bare / name) in told.out
        assert "init" not in told.out
        back(bare)
        goes_on(server, bare)


def test_without_a_mesh_in_a_log_a_part_of_a_repository_is_not_served(bare: Path) -> None:
    (bare / "objects").rename(bare.parent / "aside")
    refused = gitmesh("serve", bare, "--listen", "127.0.0.1:0")
    assert refused.code != 0
    assert f"{bare / 'objects'} is missing" in refused.err
    assert "init" not in refused.err


@pytest.mark.parametrize("name", [".", "refs", "refs/heads", "objects", "objects/pack"])
def test_what_may_not_be_read_is_named_and_followed_again_when_it_may(
    bare: Path, name: str
) -> None:
    within = () if os.geteuid() else ORDINARY
    if within and subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root cannot give up its right to read everything here")
    put(bare, sample_files(shares(6)), minute=2)  # loose, so that refs/heads matters
    close, reopen = closed(name)
    with Server(bare, "--poll", "0.1", within=within) as server:
        server.wait_for("ready")
        side = on_the_side(bare)
        if name == "objects/pack":
            git(bare, "repack", "-adq")
        close(bare)
        if name.startswith("objects"):
            (bare / "refs/heads/main").write_text(f"{side}\n")
        try:
            server.wait_until(lambda: said(server, "Permission denied"))
            still_answers(server)
            assert not said(server, "push one")
        finally:
            reopen(bare)
        goes_on(server, bare)


def test_a_repository_that_another_one_replaces_is_followed_with_the_log_that_it_brings(
    bare: Path,
) -> None:
    with Server(bare, "--poll", "0.1") as server:
        server.wait_for("ready")
        bare.rename(bare.parent / "aside")
        shutil.copytree(bare.parent / "aside", bare)
        server.wait_until(lambda: said(server, "restarting with it"))
        goes_on(server, bare)


def test_a_repository_that_is_cloned_anew_without_the_log_is_no_reason_to_end(bare: Path) -> None:
    with Server(bare, "--poll", "0.1") as server:
        server.wait_for("ready")
        bare.rename(bare.parent / "aside")
        git(bare.parent, "clone", "--quiet", "--mirror", "aside", bare.name)
        commit = put(bare, sample_files(shares(10)), minute=2)
        server.wait_until(lambda: said(server, "the event log is missing"))
        still_answers(server)
        assert server.stop() == 0
    with Server(bare, name="anew") as server:
        assert server.wait_for("ready")["commit"] == commit
