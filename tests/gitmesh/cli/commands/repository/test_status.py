"""``gitmesh status`` and ``gitmesh proxies`` from a log without a running server."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from events.opening import has_writer, open_for_writing
from events.store import EventStore
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    Seq,
    ServerStarted,
    ServingPinned,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
)
from gitmesh.cli import exit_codes
from gitmesh.demo.sample import shares
from gitmesh.queries.commit_status import Verdict, commit_status
from gitmesh.queries.log_location import log_path
from gitmesh.service.delivery.status import awaited_status
from mesh.errors import UsageError
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.sample_shop import ENTRANCE, Shop, sample_files
from tests.support.server import Server

PAST = "2020-01-01T00:00:00Z"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"


class Followed:
    """A repository with the shop's mesh, and a log that a server might have written."""

    def __init__(self, folder: Path) -> None:
        self.bare = Repo(folder).origin
        self.commit = CommitId(put(self.bare, sample_files(), message="The shop's mesh"))
        self.catch_up()

    def catch_up(self) -> None:
        with open_for_writing(log_path(self.bare)) as log:
            Follower(GitRepository.open(self.bare), log).catch_up()
            self.seq = log.state().seq

    def tell(self, *events: DeliveryEvent) -> None:
        with open_for_writing(log_path(self.bare)) as log:
            log.append_observed(events)

    def push(self, routes: str) -> CommitId:
        """Have another commit followed, and return it."""
        self.commit = CommitId(put(self.bare, sample_files(routes), minute=1))
        with open_for_writing(log_path(self.bare)) as log:
            Follower(GitRepository.open(self.bare), log).catch_up()
            self.seq = log.state().seq
        return self.commit

    def published(self, proxies: int = 1) -> SnapshotPublished:
        return SnapshotPublished(self.commit, Seq(self.seq), (ENTRANCE,), proxies)


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_a_rejected_commit_is_told_with_its_problems_and_what_is_served_instead(
    shop: Shop,
) -> None:
    told = gitmesh("status", shop.bad, "--repo", shop.bare)
    assert told.code == exit_codes.REFUSED
    assert 'there is no virtual node "cart-v3"' in told.out
    assert f"served now: {shop.back[:7]}" in told.out
    found = gitmesh("status", shop.bad[:8], "--repo", shop.bare, "--json").json()
    assert (found["verdict"], found["outcome"], found["served"]) == (
        "refused",
        "rejected",
        shop.back,
    )
    assert found["problems"][0]["code"] == "dangling-reference"


def test_an_older_commit_is_overtaken_and_that_is_well(shop: Shop) -> None:
    told = gitmesh("status", shop.shift, "--repo", shop.bare)
    assert (told.code, "overtaken" in told.out) == (exit_codes.OK, True)


def test_what_no_server_has_read_or_offered_yet_is_pending(followed: Followed) -> None:
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.PENDING
    assert "not offered to proxies yet" in told.out
    followed.tell(ServerStarted("1.0"))
    assert gitmesh("status", "--repo", followed.bare).code == exit_codes.OK
    put(followed.bare, {"mesh.yaml": b"meshName: other\nspec: {}\n"}, message="Not read yet")
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.PENDING
    assert "no server has read it yet" in told.out


def test_a_commit_is_pending_until_everybody_has_it(followed: Followed) -> None:
    coming = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
    followed.tell(ServerStarted("1.0"), coming, followed.published())
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.PENDING
    assert f"{ENTRANCE}: 1 behind" in told.out
    followed.tell(SnapshotConverged(followed.commit, 1, {"acked": 21_000}))
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.OK
    assert "21 ms after the branch moved" in told.out
    assert f"{ENTRANCE}: 1 in sync" in told.out


def test_a_refusal_is_told_until_the_proxy_is_gone(followed: Followed) -> None:
    coming = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
    words = "Error adding listener(s) lds_x: \x1b[2Jno"
    refused = SnapshotRejected(
        followed.commit, ENTRANCE, LISTENER, "v", words, "p#1", ("lds_x",), (ENTRANCE,), "s"
    )
    followed.tell(ServerStarted("1.0"), coming, followed.published(), refused)
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.REFUSED
    assert f"{ENTRANCE} refuses Listener lds_x: " in told.out
    assert "\x1b" not in told.out
    assert f": {ENTRANCE}\n" in told.out
    assert "hint: fix the spec and commit, or undo the commit: git revert " in told.out
    followed.tell(ProxyDisconnected(ENTRANCE, "p#1", "gone"))
    assert gitmesh("status", "--repo", followed.bare).code == exit_codes.OK


def test_a_commit_is_not_refused_by_those_who_have_not_been_offered_it(followed: Followed) -> None:
    coming = ProxyConnected(ENTRANCE, "p", "envoy 1", commit=followed.commit)
    refused = SnapshotRejected(followed.commit, ENTRANCE, LISTENER, "v", "no such file", "p")
    followed.tell(ServerStarted("1.0"), coming, followed.published(), refused)
    mended = put(followed.bare, sample_files(), message="Mend it")
    followed.catch_up()
    assert gitmesh("status", mended, "--repo", followed.bare).code == exit_codes.PENDING


@pytest.mark.parametrize("stands", [ProxyState.REFUSED, ProxyState.LAST_ACCEPTED])
def test_who_refuses_is_never_in_sync_and_has_words_though_others_of_its_node_took_it(
    followed: Followed, stands: ProxyState
) -> None:
    coming = [
        ProxyConnected(ENTRANCE, name, "envoy 1", commit=followed.commit) for name in ("p", "q")
    ]
    refused = SnapshotRejected(followed.commit, ENTRANCE, LISTENER, "v", "no such file", "r")
    taken = ProxiesSettled(followed.commit, Seq(followed.seq), in_sync=("q",))
    last = stands is ProxyState.LAST_ACCEPTED
    refusing = replace(
        taken, in_sync=(), refused=() if last else ("p",), last_accepted=("p",) if last else ()
    )
    followed.tell(ServerStarted("1.0"), *coming, followed.published(2), refused, taken, refusing)
    told = gitmesh("status", "--repo", followed.bare)
    assert told.code == exit_codes.REFUSED
    assert "no such file" in told.out


def test_a_source_that_cannot_be_followed_is_told(followed: Followed) -> None:
    followed.tell(ServerStarted("1.0"), SourceDegraded("branch-gone", "the branch is gone"))
    told = gitmesh("status", "--repo", followed.bare)
    assert "cannot follow the repository: the branch is gone" in told.out
    assert gitmesh("status", "--repo", followed.bare, "--json").json()["degraded"]


@pytest.mark.parametrize(("until", "over"), [("2999-01-01T00:00:00Z", False), (PAST, True)])
def test_under_a_pin_it_is_told_where_the_branch_is_and_what_took_its_place(
    followed: Followed, until: str, over: bool
) -> None:
    first, first_seq = followed.commit, followed.seq
    newer = followed.push(shares(10))
    pin = ServingPinned(first, first_seq, "ada", "INC-7", until)
    repinned = SnapshotPublished(first, first_seq, (ENTRANCE,), 1)
    followed.tell(ServerStarted("1.0"), followed.published(), pin, repinned)
    told = gitmesh("status", "--repo", followed.bare).out
    assert f"serving is PINNED to {first[:7]} by ada until {until}: INC-7" in told
    assert f"the pin to {first[:7]} replaced it before all proxies had it" in told
    waits = (
        f"the branch is at {newer[:7]}, which is served when the pin ends, or after: "
        f"gitmesh unpin --repo {quote(str(followed.bare))}\n"
    )
    assert (waits in told, "the pin has expired: the next server" in told) == (not over, over)
    found = gitmesh("status", "--repo", followed.bare, "--json").json()
    assert (found["served"], found["newest"], found["pinned"]["over"]) == (first, newer, over)
    assert found["published"]["overtakenBy"] == first


def test_without_a_pin_it_is_told_which_commit_took_its_place(followed: Followed) -> None:
    followed.tell(ServerStarted("1.0"), followed.published())
    older, newer = followed.commit, followed.push(shares(10))
    followed.tell(followed.published())
    told = gitmesh("status", older, "--repo", followed.bare).out
    assert f"{newer[:7]} replaced it before all proxies had it" in told


def test_a_commit_that_is_nowhere_is_wrong_use(shop: Shop) -> None:
    assert gitmesh("status", "abcdef12", "--repo", shop.bare).code == exit_codes.USAGE


def test_without_a_server_nobody_is_connected_whatever_its_last_words_were(
    followed: Followed,
) -> None:
    followed.tell(ProxyConnected(ENTRANCE, "p#1", "envoy 1", ProxyState.HELD, followed.commit))
    found = gitmesh("proxies", followed.bare, "--json").json()
    assert found == {"serverRuns": False, "proxies": []}
    assert "no server is running" in gitmesh("proxies", followed.bare).err
    with open_for_writing(log_path(followed.bare)):
        assert has_writer(log_path(followed.bare))
        (proxy,) = gitmesh("proxies", followed.bare, "--json").json()["proxies"]
        assert (proxy["node"], proxy["state"]) == (ENTRANCE, "held")
        for end in (ENTRANCE, "entrance", "virtualGateway/entrance"):
            assert "p#1" in gitmesh("proxies", followed.bare, "--node", end).out
        for other in ("x", "trance"):
            told = gitmesh("proxies", followed.bare, "--node", other)
            words = f"no connected proxy has a node ending in {other}; connected: {ENTRANCE}\n"
            assert (told.out, told.err) == ("", words)


def test_what_a_server_left_is_told_as_such_when_none_runs(followed: Followed) -> None:
    followed.tell(ProxyConnected(ENTRANCE, "p#1", "envoy 1"))
    asked = ("status", "--repo", followed.bare)
    assert "no server is running" in gitmesh(*asked).out
    assert gitmesh(*asked, "--json").json()["serverRuns"] is False
    with open_for_writing(log_path(followed.bare)):
        assert "no server is running" not in gitmesh(*asked).out
        assert gitmesh(*asked, "--json").json()["serverRuns"] is True


def test_a_commit_that_affects_no_proxy_is_not_reported_as_acknowledged_by_all(
    followed: Followed,
) -> None:
    followed.tell(followed.published(0), SnapshotConverged(followed.commit, 0, {}))
    told = gitmesh("status", "--repo", followed.bare).out
    assert "no affected proxy was connected at 20" in told
    assert "all proxies had it" not in told


def test_a_commit_that_is_nothing_new_for_proxies_is_told_as_the_log_tells_it(
    followed: Followed,
) -> None:
    same = replace(followed.published(0), nodes=(), unchanged=1)
    followed.tell(same, SnapshotConverged(followed.commit, 0, {}))
    told = gitmesh("status", "--repo", followed.bare).out
    assert "nothing is new for 1 proxy that it affects, at 20" in told
    assert "no affected proxy was connected" not in told


def test_proxies_that_are_asked_for_are_missing_when_no_server_runs(followed: Followed) -> None:
    coming = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
    followed.tell(ServerStarted("1.0"), coming, followed.published())
    followed.tell(SnapshotConverged(followed.commit, 1, {"acked": 21_000}))
    asked = ("status", "--repo", followed.bare)
    assert gitmesh(*asked).code == exit_codes.OK
    told = gitmesh(*asked, "--proxies", "1")
    assert (told.code, "0 of 1 proxy connected\n" in told.out) == (exit_codes.PENDING, True)


def test_a_server_that_was_killed_has_nobody_connected(followed: Followed) -> None:
    first = followed.commit
    newer = followed.push(shares(10))
    followed.tell(ServerStarted("1.0"), ProxyConnected(ENTRANCE, "p#1", "envoy 1"))
    asked = (
        ("diff", first, newer, "--repo", followed.bare),
        ("rollback", first, "--dry-run", "--repo", followed.bare),
    )
    for each in asked:
        assert "2 of 6 nodes\n" in gitmesh(*each).out
        assert gitmesh(*each, "--json").json()["blastRadius"]["proxies"] is None
        with open_for_writing(log_path(followed.bare)):
            assert "2 of 6 nodes, 1 connected proxy\n" in gitmesh(*each).out


def test_a_pipeline_is_told_of_a_refusal_in_the_same_words(followed: Followed) -> None:
    coming = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
    refused = SnapshotRejected(
        *(followed.commit, ENTRANCE, LISTENER, "v", "cannot bind", "p#1", ("lds_x",)), (ENTRANCE,)
    )
    followed.tell(ServerStarted("1.0"), coming, followed.published(), refused)
    told = gitmesh("status", "--repo", followed.bare, "--json").json()
    waited = gitmesh("wait", "--repo", followed.bare)
    assert waited.code == exit_codes.REFUSED
    name, first, place, hint, server = waited.err.splitlines()
    assert name == f"{followed.commit[:7]} “The shop's mesh”"
    assert server.startswith("no server is running")
    assert f"{first}\n  {place}\n  {hint}\n" in gitmesh("status", "--repo", followed.bare).out
    assert place.startswith("  shop/entrance")
    found = gitmesh("wait", "--repo", followed.bare, "--json").json()
    assert found["refusals"] == told["nodes"][0]["refusals"]
    assert found["refusals"][0]["specs"][0]["line"]
    part = gitmesh("wait", "--repo", followed.bare, "--for", "acked=50%").err.splitlines()
    assert part == [f"{name}: 0 of 1 proxy in sync, 1 refuses it", first, place, hint, server]


def test_who_waits_for_nobody_is_told(followed: Followed) -> None:
    waited = gitmesh("wait", "--repo", followed.bare, "--timeout", 0)
    assert waited.code == exit_codes.PENDING
    assert waited.err.endswith(
        f"no server is running: start one with gitmesh serve --repo {quote(str(followed.bare))}\n"
    )
    pin = ServingPinned(CommitId("a" * 40), Seq(1), "ada", "INC-7", "2999-01-01T00:00:00Z")
    followed.tell(pin)
    with open_for_writing(log_path(followed.bare)):
        waited = gitmesh("wait", "--repo", followed.bare, "--timeout", 0)
    words, hint = waited.err.splitlines()
    assert words.endswith(
        "yet; serving is PINNED to aaaaaaa by ada until 2999-01-01T00:00:00Z: INC-7"
    )
    assert hint.startswith("  hint: end the pin, and serve the branch: gitmesh unpin --repo ")


def test_the_first_proxy_of_a_server_that_starts_meanwhile_is_waited_for(tmp_path: Path) -> None:
    """The log is there before the server has it to itself."""
    bare = Repo(tmp_path).origin
    commit = CommitId(put(bare, sample_files(), message="The shop's mesh"))
    open_for_writing(log_path(bare)).close()
    with ExitStack() as server:

        def start() -> EventStore:
            log = server.enter_context(open_for_writing(log_path(bare)))
            Follower(GitRepository.open(bare), log).catch_up()
            log.append_observed([ServerStarted("1.0")])
            return log

        def happens() -> Iterator[None]:
            log = start()
            yield
            log.append_observed([ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=commit)])
            yield
            log.append_observed([ProxiesSettled(commit, log.state().seq, in_sync=("p#1",))])
            yield

        steps = happens()
        found = awaited_status(bare, None, wait_s=30, sleep=lambda _: next(steps))
    assert (found.connected, found.lacks_proxies) == (1, False)
    assert found.found.verdict is Verdict.IN_SYNC


def test_a_proxy_that_connects_while_the_log_is_read_is_in_the_answer(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed.tell(ServerStarted("1.0"))
    with open_for_writing(log_path(followed.bare)) as log:

        def connect(*_: object) -> None:
            came = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
            log.append_observed([came])
            log.append_observed([ProxiesSettled(followed.commit, log.state().seq, ("p#1",))])

        first = count()

        def read(*args: Any) -> Any:
            found = commit_status(*args)
            if next(first) == 0:
                connect()
            return found

        monkeypatch.setattr("gitmesh.service.delivery.status.commit_status", read)
        found = awaited_status(followed.bare, None, wait_s=30, sleep=lambda _: None)
    assert found.connected == 1
    assert [str(node.node) for node in found.found.nodes] == [ENTRANCE]


@pytest.mark.parametrize("empty", [False, True], ids=["no log", "an empty log"])
def test_waiting_begins_before_the_server_has_made_its_log(tmp_path: Path, empty: bool) -> None:
    bare = tmp_path / "shop.git"
    gitmesh("init", "--sample", bare)
    if empty:
        log_path(bare).parent.mkdir()
        log_path(bare).touch()
    with ThreadPoolExecutor() as beside:
        command = [sys.executable, "-m", "gitmesh", "status", "--repo", str(bare)]
        waiting = beside.submit(
            lambda: subprocess.run(
                [*command, "--wait", "60", "--proxies", "0"],
                capture_output=True,
                text=True,
                check=False,
            )
        )
        time.sleep(2)
        assert not waiting.done()
        with Server(bare):
            done = waiting.result()
    assert done.returncode == 0, done.stderr
    assert "in-sync" in done.stdout
    assert gitmesh("status", "--repo", tmp_path, "--wait", "0.2").code == 2


def test_a_repository_that_does_not_exist_is_not_waited_for(tmp_path: Path) -> None:
    def never(_: float) -> None:
        raise AssertionError("it waits")

    with pytest.raises(UsageError, match="does not exist"):
        awaited_status(tmp_path / "typo.git", None, wait_s=30, sleep=never)
