"""``gitmesh wait --percent``: real servers, and clients that acknowledge, refuse or are silent."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Ran, gitmesh
from tests.support.git import Repo, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE
from tests.support.server import Server
from tests.support.shop_client import follow_everything
from tests.support.shop_client import shop as shop_at
from xds.type_urls import ROUTE


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


@pytest.fixture
def server(bare: Path) -> Iterator[Server]:
    put(bare, shop_at(0))
    with Server(bare) as server:
        server.wait_for("ready")
        yield server


@contextlib.contextmanager
def entrances(server: Server, number: int) -> Iterator[list[RawClient]]:
    """Have so many proxies of the entrance in sync."""
    with contextlib.ExitStack() as stack:
        clients = [RawClient(server.address, ENTRANCE) for _ in range(number)]
        for client in clients:
            stack.enter_context(client)
            follow_everything(client)
        yield clients


def wait(bare: Path, commit: str, percent: object, timeout: float = 20) -> Ran:
    goal = ("--for", f"acked={percent}%", "--timeout", timeout)
    return gitmesh("wait", commit, "--repo", bare, *goal, "--json")


def counted(ran: Ran) -> tuple[int, dict[str, int]]:
    return ran.code, ran.json()["proxies"]


def test_a_part_of_the_proxies_is_waited_for_and_refusals_count(bare: Path, server: Server) -> None:
    with entrances(server, 4) as (quick, slow, silent, refusing):
        shift = put(bare, shop_at(10), minute=1)
        quick.receive(ROUTE)
        assert counted(wait(bare, shift, 25)) == (0, {"acked": 1, "refused": 0, "proxies": 4})
        assert wait(bare, shift, 26, 0.2).code == 4, "a quarter is not 26 %"
        slow.receive(ROUTE)
        refusing.refuse(ROUTE, "no such cluster")
        half = {"acked": 2, "refused": 1, "proxies": 4}
        assert counted(wait(bare, shift, 50)) == (0, half)
        server.wait_until(lambda: gitmesh("proxies", bare, "--json").out.count('"refused"'))
        assert counted(wait(bare, shift, 75, 0.2)) == (4, half), "the silent one may still come"
        refused = wait(bare, shift, 76)
        assert counted(refused) == (1, half)
        assert "no such cluster" in refused.json()["words"]
        silent.receive(ROUTE)
        assert counted(wait(bare, shift, 75))[0] == 0


def test_who_has_it_is_known_soon_after_somebody_refuses(bare: Path, server: Server) -> None:
    with entrances(server, 2) as (quick, refusing):
        shift = put(bare, shop_at(10), minute=1)
        quick.receive(ROUTE)
        refusing.refuse(ROUTE, "no such cluster")
        found = {"acked": 1, "refused": 1, "proxies": 2}
        assert counted(wait(bare, shift, 50)) == (0, found)
    told = [each["kind"] for each in gitmesh("log", bare, "--json").json_lines()]
    after = told[told.index("SnapshotRejected") + 1 :]
    assert next(kind for kind in after if kind in ("ProxiesSettled", "SnapshotDelayed")) == (
        "ProxiesSettled"
    )


def test_one_that_is_gone_counts_no_more_and_one_that_came_does(bare: Path, server: Server) -> None:
    with entrances(server, 1) as (first,):
        with entrances(server, 2):
            shift = put(bare, shop_at(10), minute=1)
            first.receive(ROUTE)
            assert counted(wait(bare, shift, 33)) == (0, {"acked": 1, "refused": 0, "proxies": 3})
            assert wait(bare, shift, 34, 0.2).code == 4
            with entrances(server, 3):
                found = {"acked": 4, "refused": 0, "proxies": 6}
                assert counted(wait(bare, shift, 66)) == (0, found)
        done = wait(bare, shift, 99)
    assert (done.code, "in sync" in done.json()["words"]) == (0, True)


def test_a_commit_that_was_overtaken_counts_by_those_who_have_the_newer_one(
    bare: Path, server: Server
) -> None:
    with entrances(server, 2) as (quick, _):
        shift = put(bare, shop_at(10), minute=1)
        quick.receive(ROUTE)
        server.wait_for("snapshot published", commit=shift[:7])
        newer = put(bare, shop_at(20), minute=2)
        server.wait_for("snapshot published", commit=newer[:7])
        assert wait(bare, shift, 50, 0.2).code == 4
        quick.receive(ROUTE)
        one = {"acked": 1, "refused": 0, "proxies": 2}
        assert [counted(wait(bare, commit, 50)) for commit in (shift, newer)] == [(0, one)] * 2


def test_one_that_is_in_sync_with_an_older_commit_has_not_got_a_newer_one(
    bare: Path, server: Server
) -> None:
    with entrances(server, 2) as (one, other):
        shift = put(bare, shop_at(10), minute=1)
        server.wait_for("snapshot published", commit=shift[:7])
        assert (
            gitmesh("pin", f"{shift}~1", "--repo", bare, "--reason", "x", "--for", "1h").code == 0
        )
        for client in (one, other):
            client.receive(ROUTE)
            client.receive(ROUTE)
        server.wait_until(lambda: in_sync(bare) == 2)
        waited = wait(bare, shift, 50, 0.2)
        assert counted(waited) == (4, {"acked": 0, "refused": 0, "proxies": 2})


def in_sync(bare: Path) -> int:
    return gitmesh("proxies", bare, "--json").out.count('"in-sync"')


@pytest.mark.parametrize("percent", ["0", "101", "33.3", "050", "-1", "", "half"])
def test_what_is_no_whole_percentage_is_told_with_what_is(bare: Path, percent: str) -> None:
    done = gitmesh("wait", "HEAD", "--repo", bare, "--for", f"acked={percent}%")
    assert (done.code, "whole percentage from 1 to 100: acked=50%" in done.err) == (2, True)
