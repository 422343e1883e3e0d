"""Pins are reported where they matter: their end, waiting commits, and their effect."""

from pathlib import Path

import pytest

from events.types import Cause, CommitId, ServingPinned, ServingReleased, SnapshotConverged
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from tests.gitmesh.cli.commands.repository.test_status import Followed
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.server import Server
from tests.support.shop_client import shop as shop_at

LATER = "2999-01-01T00:00:00Z"


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_the_end_of_a_pin_says_which_one_and_what_is_served(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    first = put(bare, shop_at(0))
    with Server(bare) as server:
        server.wait_for("ready", commit=first)
        second = put(bare, shop_at(10), minute=1)
        server.wait_for("commit applied", commit=second[:7])
        asked = ("--repo", bare, "--reason", "INC-7")
        assert gitmesh("pin", first, *asked, "--for", "1h").code == 0
        ended = gitmesh("unpin", *asked)
        assert (ended.code, ended.out) == (
            0,
            f"pin of {first[:7]} released; serving {second[:7]}\n",
        )
        again = gitmesh("unpin", *asked)
        assert (again.code, "nothing is pinned" in again.out) == (0, True)
        found = gitmesh("unpin", *asked, "--json").json()
        assert (found["ended"], found["serving"]) == (None, second)


def test_a_pin_that_waits_for_a_server_is_in_the_status(followed: Followed) -> None:
    first = followed.commit
    followed.push(shares(10))
    asked, status = ("--repo", followed.bare), ("status", "--repo", followed.bare)
    assert "waits for a server" not in gitmesh(*status).out
    assert gitmesh("pin", first, *asked, "--reason", "INC-7", "--for", "1h").code == 4
    told = gitmesh(*status).out
    assert f"a pin to {first[:7]} until 20" in told
    assert "waits for a server to start: INC-7\n" in told
    found = gitmesh(*status, "--json").json()
    assert (found["pinRequested"]["commit"], found["pinned"]) == (first, None)
    assert gitmesh("unpin", *asked, "--reason", "over").code == 4
    assert "the end of the pin waits for a server to start: over\n" in gitmesh(*status).out


def test_a_request_for_a_time_that_is_over_does_not_wait(followed: Followed) -> None:
    notes = log_path(followed.bare).with_name("events.sqlite3.pins")
    notes.mkdir()
    until = "2020-01-01T00:00:00Z"
    (notes / "1.json").write_text(f'{{"commit": "{followed.commit}", "until": "{until}"}}')
    (notes / "2.json").write_text("none")
    assert gitmesh("status", "--repo", followed.bare, "--json").json()["pinRequested"] is None


def test_the_first_delivery_of_a_commit_stays_when_a_pin_serves_it_again(
    followed: Followed,
) -> None:
    first, offered = followed.commit, followed.published()
    pin = ServingPinned(CommitId(first), offered.mesh_seq, "ada", "INC-7", LATER)
    followed.tell(offered, SnapshotConverged(first, 1, {"acked": 84_000}))
    before = gitmesh("status", first, "--repo", followed.bare, "--json").json()
    followed.push(shares(10))
    followed.tell(followed.published(), pin, offered)
    followed.tell(SnapshotConverged(first, 1, {"acked": 21_000}, Cause.PIN))
    told = gitmesh("status", first, "--repo", followed.bare).out
    assert "84 ms after the branch moved\n  served again: offered to 1 proxy" in told
    assert "21 ms after the pin\n" in told
    found = gitmesh("status", first, "--repo", followed.bare, "--json").json()
    assert [found[each] for each in ("published", "converged")] == [
        before[each] for each in ("published", "converged")
    ]
    assert found["again"]["converged"]["microseconds"] == 21_000
    line, _ = gitmesh("log", followed.bare, "--commits").out.splitlines()
    assert line.endswith(", 1/1 proxies in 84 ms, pinned by ada")
    followed.tell(ServingReleased(first, "released", "ada", ""), pin)
    line, _ = gitmesh("log", followed.bare, "--commits").out.splitlines()
    assert line.endswith(", 1/1 proxies in 84 ms, pinned 2 times, last by ada")
