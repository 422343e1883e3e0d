"""``gitmesh pin``: a commit is served for a time, instead of the branch's commit."""

import contextlib
import json
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.opening import open_for_reading, open_for_writing
from events.types import Chain, CommitId, Seq, ServingPinned, ServingReleased
from gitmesh.cli import exit_codes
from gitmesh.demo.sample import shares
from gitmesh.inbox.pin_note import PinNote
from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.spool import pins
from gitmesh.push.answer import answer
from gitmesh.queries.log_location import log_path
from gitmesh.queries.timespec import moment_seq
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.clock import Clock
from tests.support.command_line import Ran, gitmesh
from tests.support.git import Repo, git, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, Shop, sample_files
from tests.support.server import Server
from tests.support.shop_client import follow_everything, weights
from tests.support.shop_client import shop as shop_at
from xds.type_urls import ROUTE

WAITS = "a newer commit is not served until the PIN ends"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


def pin(bare: Path, commit: str, *options: str, length: str = "1h") -> Ran:
    given = ("--repo", bare, "--reason", "INC-7:\ncarts fail", "--for", length, *options)
    return gitmesh("pin", commit, *given)


def told(bare: Path) -> list[ServingPinned | ServingReleased]:
    with open_for_reading(log_path(bare)) as log:
        events = [decode(record) for record in log.read(Chain.DELIVERY)]
    return [event for event in events if isinstance(event, ServingPinned | ServingReleased)]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_pin_is_served_at_once_and_pushes_wait_behind_it(bare: Path, workers: str) -> None:
    first = put(bare, shop_at(0), message="The shop's mesh")
    with Server(bare, "--workers", workers) as server:
        server.wait_for("ready", commit=first)
        second = put(bare, shop_at(10), message="Shift", minute=1)
        server.wait_for("snapshot published", commit=second[:7])
        with RawClient(server.address, ENTRANCE) as client:
            assert weights(follow_everything(client)[ROUTE]) == [90, 10]
            pinned = pin(bare, first[:7])
            assert pinned.code == 0
            assert f"PINNED to {first[:7]} by {user_name(os.getuid())} until 20" in pinned.out
            assert "INC-7: carts fail" in pinned.out
            assert weights(client.receive(ROUTE)) == [100, 0]
            server.wait_for("snapshot converged", commit=first[:7])

            third = put(bare, shop_at(20), message="Shift on", minute=2)
            server.wait_for(WAITS, commit=first[:7])
            standing = gitmesh("status", third, "--repo", bare)
            assert f"serving is PINNED to {first[:7]}" in standing.out
            assert standing.code == 4
            shown = gitmesh("status", first, "--repo", bare, "--json").json()
            assert (shown["served"], shown["pinned"]["commit"]) == (first, first)

            assert gitmesh("unpin", "--repo", bare, "--reason", "over").code == 0
            # The next thing on the stream is the newest mesh.
            assert weights(client.receive(ROUTE)) == [80, 20]
            fourth = put(bare, shop_at(30), message="And on", minute=3)
            assert weights(client.receive(ROUTE)) == [70, 30]
            server.wait_for("snapshot converged", commit=fourth[:7])
        assert server.stop() == 0
    one, other = told(bare)
    assert isinstance(one, ServingPinned)
    assert (one.commit, one.by, one.reason) == (first, user_name(os.getuid()), "INC-7: carts fail")
    assert other == ServingReleased(CommitId(first), "released", one.by, "over")
    assert "PINNED" in gitmesh("log", bare).out


def test_a_pin_needs_no_server_to_be_asked_for_and_no_branch_to_be_served(bare: Path) -> None:
    first = put(bare, shop_at(0))
    with Server(bare) as server:
        server.wait_for("ready", commit=first)
        second = put(bare, shop_at(10), minute=1)
        server.wait_for("commit applied", commit=second[:7])
        assert server.stop() == 0
    waiting = pin(bare, first)
    assert waiting.code == 4
    assert "no server is running for this log" in waiting.out
    with Server(bare) as server:
        assert server.wait_for("ready")["commit"] == first
        assert server.stop() == 0
    git(bare, "update-ref", "-d", "refs/heads/main")
    with Server(bare) as server, RawClient(server.address, ENTRANCE) as client:
        assert server.wait_for("ready")["commit"] == first
        assert server.wait_for("serving is PINNED")["commit"] == first[:7]
        assert weights(follow_everything(client)[ROUTE]) == [100, 0]
        assert gitmesh("unpin", "--repo", bare).code == 0
        assert weights(client.receive(ROUTE)) == [90, 10]


def test_a_pin_ends_by_itself_and_another_takes_its_place(bare: Path) -> None:
    first = put(bare, shop_at(0))
    with Server(bare) as server, RawClient(server.address, ENTRANCE) as client:
        server.wait_for("ready", commit=first)
        second = put(bare, shop_at(10), minute=1)
        server.wait_for("commit applied", commit=second[:7])
        third = put(bare, shop_at(20), minute=2)
        server.wait_for("snapshot published", commit=third[:7])
        follow_everything(client)
        assert pin(bare, first).code == 0
        assert weights(client.receive(ROUTE)) == [100, 0]
        assert pin(bare, second, length="2s").code == 0
        assert weights(client.receive(ROUTE)) == [90, 10]
        assert weights(client.receive(ROUTE)) == [80, 20]
        assert server.stop() == 0
    kinds = [e.why if isinstance(e, ServingReleased) else "pinned" for e in told(bare)]
    assert kinds == ["pinned", "replaced", "pinned", "expired"]


def test_what_was_rejected_or_is_not_known_cannot_be_pinned(shop: Shop) -> None:
    def refused(commit: str, length: str = "1h") -> str:
        given = ("--repo", shop.bare, "--reason", "x", "--for", length)
        done = gitmesh("pin", commit, *given)
        assert done.code == 2
        return done.err

    assert "was rejected, so it has no mesh" in refused(shop.bad)
    assert "is not a moment" in refused("f" * 40)
    for length in ("2", "0h", "-1h", "2h30m"):
        assert "is not a valid duration of a pin" in refused(shop.first, length)
    assert "pin for at most 7d" in refused(shop.first, "8d")
    assert pins(shop.log).take() == []


def test_notes_that_are_none_pin_nothing_and_none_lasts_longer_than_a_week(bare: Path) -> None:
    first = put(bare, shop_at(0))
    spool = pins(log_path(bare))
    with Server(bare) as server:
        server.wait_for("ready", commit=first)
        later = datetime.now(UTC) + timedelta(days=999)
        spool.put(b"{}")
        spool.put(json.dumps({"commit": first}).encode())
        spool.put(PinNote(commit="f" * 40, until=later).line())
        spool.put(PinNote(commit=first, until=datetime(2020, 1, 1, tzinfo=UTC)).line())
        spool.put(PinNote(commit=first, until=later).line())
        server.wait_for("a pin expired before the server read it")
        server.wait_for("cannot pin: commit fffffff is not in the log, so its mesh is unknown")
        assert gitmesh("unpin", "--repo", bare).code == 0
        assert server.stop() == 0
    found, _ = told(bare)
    assert isinstance(found, ServingPinned)
    week = datetime.now(UTC) + timedelta(days=7, seconds=5)
    assert week - timedelta(minutes=5) < datetime.fromisoformat(found.until) < week


def test_a_pusher_is_told_that_their_push_waits(shop: Shop, tmp_path: Path) -> None:
    copy = tmp_path / "events.sqlite3"
    with contextlib.closing(sqlite3.connect(shop.log)) as log:
        log.execute("VACUUM INTO ?", (str(copy),))
    held = ServingPinned(CommitId(shop.first), Seq(20), "ada", "INC-7", "2999-01-01T00:00:00Z")
    with open_for_writing(copy) as opened:
        opened.append_observed([held])
    move = Move(CommitId(shop.bad), CommitId(shop.back), "refs/heads/main")
    [line] = answer(copy, move, None, within_s=0)
    assert line.startswith(
        f"gitmesh: applied, but it is served when the pin ends: PINNED to {shop.first[:7]} by ada"
    )
    assert line.endswith(": INC-7")


def test_without_a_server_it_is_said_what_the_next_one_serves(bare: Path) -> None:
    commit = put(bare, shop_at(0))
    with open_for_writing(log_path(bare)) as log:
        Follower(GitRepository.open(bare), log).catch_up()
    asked = ("--repo", bare, "--reason", "INC-7")
    pinned = gitmesh("pin", commit, *asked, "--for", "1h")
    assert (pinned.code, pinned.out.split(": ")[1]) == (
        exit_codes.PENDING,
        f"the next one to start serves {commit[:7]}\n",
    )
    released = gitmesh("unpin", *asked)
    assert released.code == exit_codes.PENDING
    assert released.out.endswith(": the next one to start serves the branch\n")


NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def once_pinned(tmp_path: Path) -> Shop:
    """Return a shop whose first commit was pinned for an hour, and is again."""
    repo, clock = Repo(tmp_path), Clock()
    clock.time = NOON
    with open_for_writing(log_path(repo.origin), now=clock) as log:
        follower = Follower(GitRepository.open(repo.origin), log)
        commits = []
        for minute in range(2):
            commits.append(put(repo.origin, sample_files(shares(10 * minute)), minute=minute))
            follower.catch_up()
            clock.move(hours=1)
        first = CommitId(commits[0])
        seq = moment_seq(log, first, NOON)
        pin = ServingPinned(first, seq, "ada", "INC-7:\x1b[2J", "2026-11-25T18:00:00Z")
        for event in (pin, ServingReleased(first, "released", "ada", ""), pin):
            log.append_observed([event])
            clock.move(hours=1)
    return Shop(repo.origin, first, commits[1], bad="", back="")


def test_what_was_live_at_a_time_is_what_was_pinned_then(once_pinned: Shop) -> None:
    """At 14:00 the first commit was pinned, at 15:00 released, and at 16:00 pinned for good."""

    def asked(*arguments: object) -> Ran:
        return gitmesh(*arguments, "--repo", once_pinned.bare)

    said = f"# PINNED to {once_pinned.first[:7]} by ada until 2026-11-25T18:00:00Z: INC-7:\\x1b[2J"
    for time, commit, is_pinned in [
        ("2026-11-25T13:30Z", once_pinned.shift, False),
        ("2026-11-25T14:30Z", once_pinned.first, True),
        ("2026-11-25T15:30Z", once_pinned.shift, False),
        ("2026-11-25T16:30Z", once_pinned.first, True),
    ]:
        for form in ((), ("--as", "envoy", "--node", ENTRANCE)):
            told = asked("state", "--at", time, *form)
            assert f"commit {commit}, mesh chain at " in told.out.splitlines()[0]
            assert (said in told.out) == is_pinned
        found = asked("state", "--at", time, "--json").json()
        assert (found["commit"], bool(found["pinned"])) == (commit, is_pinned)
    assert asked("state", "--json").json()["commit"] == once_pinned.first
    assert said in asked("state", "mesh/shop/virtualRouter/cart/route/all").out
    assert asked("state", "--at", once_pinned.shift, "--json").json()["pinned"] is None
    gone_back = asked("diff", "2026-11-25T13:30Z", "2026-11-25T14:30Z")
    assert "cart-v2 10 % → 0 %" in gone_back.out
    back = asked("rollback", "2026-11-25T14:30Z", "--dry-run")
    assert f"would roll back to {once_pinned.first[:7]}: 1 change" in back.out
