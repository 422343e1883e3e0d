"""A commit that was applied but never served, as in the middle of a push, is reported so."""

from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.server import Server
from tests.support.shop_client import shop as shop_at

NEVER = "never served"


class Served:
    """A shop whose server found one commit, was pushed two at once, and was stopped."""

    def __init__(self, folder: Path) -> None:
        self.bare = Repo(folder).origin
        self.found = self.push(0)
        with Server(self.bare) as server:
            server.wait_for("ready", commit=self.found)
            self.middle = self.push(10, branch="aside", parents=[self.found])
            self.last = self.push(20, parents=[self.middle])
            server.wait_for("snapshot published", commit=self.last[:7])
            pin = ("pin", self.found, "--repo", self.bare, "--reason", "x", "--for", "1h")
            assert gitmesh(*pin).code == 0
            self.behind = self.push(30)
            server.wait_for("commit applied", commit=self.behind[:7])
            self.newest = self.push(40)
            server.wait_for("commit applied", commit=self.newest[:7])
            assert gitmesh("unpin", "--repo", self.bare).code == 0
            server.wait_for("snapshot published", commit=self.newest[:7])
            assert server.stop() == 0

    def push(self, percent: int, **more: object) -> str:
        return put(self.bare, shop_at(percent), minute=percent, message=f"To {percent}", **more)  # type: ignore[arg-type]

    def ask(self, *words: str) -> str:
        return gitmesh(*words, "--repo", self.bare).out


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return Served(tmp_path_factory.mktemp("served"))


def test_every_command_says_which_commits_were_never_served(served: Served) -> None:
    for commit, instead in (
        (served.found, None),
        (served.middle, served.last),
        (served.last, None),
        (served.behind, served.newest),
        (served.newest, None),
    ):
        told = {
            "state": served.ask("state", "--at", commit).splitlines()[1],
            "show": served.ask("show", commit),
            "status": served.ask("status", commit),
            "wait": served.ask("wait", commit),
            "diff": served.ask("diff", served.found, commit).splitlines()[0],
            "envoy": "\n".join(
                served.ask(
                    *("state", "--at", commit, "--as", "envoy"),
                    *("--node", "mesh/shop/virtualGateway/entrance"),
                ).splitlines()[:3]
            ),
        }
        for command, words in told.items():
            assert (NEVER in words) == (instead is not None), (command, words)
            if instead is not None and command != "diff":
                assert f"applied, but never served: {instead[:7]} replaced it" in words
        lines = served.ask("log", "--commits").splitlines()
        [line] = [line for line in lines if commit[:7] in line]
        assert line.endswith(NEVER) == (instead is not None)
        for asked in (("state", "--at", commit), ("show", commit), ("status", commit)):
            found = gitmesh(*asked, "--repo", served.bare, "--json").json()
            assert found["neverServed"] == (instead is not None)


def test_of_a_log_that_no_server_wrote_it_is_not_said(tmp_path: Path, served: Served) -> None:
    bare = Repo(tmp_path).origin
    for percent in (0, 10):
        put(bare, shop_at(percent), minute=percent)
    with Server(bare) as server:
        server.wait_for("ready")
    first = gitmesh("show", "HEAD~1", "--repo", bare).out
    assert NEVER in first
    assert NEVER not in gitmesh("show", "HEAD", "--repo", bare).out
