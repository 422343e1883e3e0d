"""Answers to a pusher: real git, repositories with our hooks, with and without a server."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.opening import open_for_reading, open_for_writing
from events.types import (
    CONNECTIONS_FULL,
    Chain,
    CommitId,
    PushReceived,
    SnapshotPublished,
    SourceDegraded,
)
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.spool import MOST_BYTES, MOST_WAITING, pushes
from gitmesh.push.answer import answer
from gitmesh.queries.log_location import log_path
from reconciler.reading.route_tests import MAX_ROUTE_TESTS
from tests.support.command_line import gitmesh
from tests.support.git import ENVIRONMENT, Repo, git
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, route_names, sample_files
from tests.support.server import Server
from tests.support.shop_client import follow_everything
from tests.support.told import told, until
from tests.support.warm import warm_hooks
from xds.type_urls import CLUSTER, LISTENER, ROUTE


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a pusher sees."""

    code: int
    told: str
    """What the hooks say, without git's ``remote: ``."""


def push(repo: Repo, *options: str, ref: str = "HEAD:main", **environment: str) -> Pushed:
    done = subprocess.run(
        ["git", "push", *options, "origin", ref],
        cwd=repo.work,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    told = re.findall(r"^remote: (.*?) *$", done.stderr, re.MULTILINE)
    return Pushed(done.returncode, "\n".join(told))


def commit_shares(repo: Repo, percent: int, second: str = "cart-v2", message: str = "Shift") -> str:
    return repo.commit({ROUTES: sample_files(shares(percent, second))[ROUTES]}, message)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository that init has made, with a clone whose shop is committed, not pushed."""
    repo = Repo(tmp_path)
    repo.origin.rename(tmp_path / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    warm_hooks(repo.origin)
    repo.commit(sample_files(), "The shop's mesh")
    return repo


def tip(repo: Repo, branch: str = "main") -> str:
    return git(repo.origin, "rev-parse", branch)


def received(repo: Repo) -> list[PushReceived]:
    """Return the pushes that the log tells of, once the server has taken every note."""
    deadline = time.monotonic() + 20
    while pushes(log_path(repo.origin)).take():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with open_for_reading(log_path(repo.origin)) as log:
        events = [decode(record) for record in log.read(Chain.DELIVERY)]
    return [event for event in events if isinstance(event, PushReceived)]


def proxies(repo: Repo) -> list[dict[str, object]]:
    found: list[dict[str, object]] = gitmesh("proxies", repo.origin, "--json").json()["proxies"]
    return found


# ---- before it is let in ------------------------------------------------------------------------


def test_every_mistake_of_every_commit_is_told_and_none_of_them_gets_in(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    first = commit_shares(repo, 10, "cart-v3", "To version 3")
    second = repo.commit({"shop/a.yaml": "kind: Mess\n"}, "Tidy\x1b[2Jup")
    refused = push(repo)
    assert refused.code != 0
    assert tip(repo) == before
    lines = refused.told.splitlines()
    assert re.match(r"gitmesh refuses this push: \d problems in 2 commits", lines[0])
    assert f"  {first[:7]} “To version 3” by Alice" in lines
    dangling = 'error[dangling-reference]: there is no virtual node "cart-v3" in mesh "shop"'
    assert f"    shop/cart/routes.yaml:31: {dangling}" in lines
    assert '      hint: did you mean "cart-v2"?' in lines
    assert f"  {second[:7]} “Tidy\\x1b[2Jup” by Alice" in lines
    assert any(line.startswith("    shop/a.yaml:1: error[") for line in lines)


def test_a_ref_whose_name_is_no_text_hides_no_mistake(repo: Repo) -> None:
    """A hook that cannot read what git tells it lets a push in."""
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10, "cart-v3")
    git(repo.work, "update-ref", os.fsdecode(b"refs/tags/\xff"), "HEAD")
    refused = push(repo, "--tags", PYTHONIOENCODING="utf-8:strict")
    assert refused.code != 0
    assert "gitmesh refuses this push" in refused.told
    assert tip(repo) == before


def test_what_is_let_in_is_told_as_changes_and_whom_they_concern(repo: Repo) -> None:
    assert "19 changes" in push(repo).told
    shift = commit_shares(repo, 10)
    accepted = push(repo)
    assert accepted.code == 0
    took, *lines = accepted.told.splitlines()
    assert re.fullmatch(r"gitmesh: 1 commit, 1 change; checked in [\d.]+ ms", took)
    assert lines == [
        f"  {shift[:7]} “Shift” by Alice",
        "    route cart/all: cart-v2 0 % → 10 %, cart-v1 100 % → 90 %",
        "  affects 1 of 4 services, 2 of 6 nodes",
        "gitmesh: no server is running for this repository; the push takes effect when one starts",
        f"  hint: no server writes {log_path(repo.origin)}; if yours uses another log",
        "        (gitmesh serve --log FILE), run: gitmesh hooks REPOSITORY --log FILE",
    ]
    repo.revert(shift)
    assert f"by Alice; reverts {shift[:7]}" in push(repo).told


def test_a_mistake_that_is_on_the_branch_already_does_not_keep_its_mending_out(repo: Repo) -> None:
    push(repo)
    hook = repo.origin / "hooks" / "pre-receive"
    aside = hook.rename(hook.with_name("aside"))
    commit_shares(repo, 10, "cart-v3")
    assert push(repo).code == 0
    aside.rename(hook)
    repo.commit({"README.md": "hello"}, "Another")
    assert "1 problem in 1 commit" in push(repo).told
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    commit_shares(repo, 20)
    assert "cart-v2 0 % → 20 %" in push(repo).told


def test_a_new_branch_with_an_old_mistake_gets_in_if_its_newest_commit_is_good(repo: Repo) -> None:
    commit_shares(repo, 10, "cart-v3")
    assert push(repo).code != 0
    commit_shares(repo, 10)
    accepted = push(repo)
    assert accepted.code == 0
    assert "1 earlier commit would have been refused" in accepted.told


def test_other_branches_and_deletions_pass_and_a_force_push_is_checked(repo: Repo) -> None:
    assert push(repo).code == 0
    good = commit_shares(repo, 30)
    assert push(repo).code == 0
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    bad = commit_shares(repo, 10, "cart-v3")
    aside = push(repo, ref="HEAD:draft")
    assert aside.code == 0
    assert aside.told.startswith("gitmesh: branch draft is not the one that is served (main)")
    assert tip(repo, "draft") == bad
    assert "1 problem" in push(repo, "--force").told
    assert tip(repo) == good
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert "cart-v2 30 % → 0 %" in push(repo, "--force").told
    assert push(repo, ref=":draft").code == 0


def test_a_python_that_is_gone_lets_pushes_in_and_says_so(repo: Repo) -> None:
    for name in ("pre-receive", "post-receive"):
        hook = repo.origin / "hooks" / name
        text = re.sub(r"(?m)^python=.*$", "python=/gone/bin/python", hook.read_text())
        hook.write_text(text)
    let_in = push(repo)
    assert let_in.code == 0
    assert "gitmesh: /gone/bin/python, which this hook runs, no longer exists" in let_in.told
    assert "unchecked" in let_in.told


def test_a_fault_of_ours_keeps_no_push_out(repo: Repo) -> None:
    (repo.origin / "gitmesh").mkdir(exist_ok=True)
    log_path(repo.origin).write_bytes(b"no log" * 999)
    let_in = push(repo)
    assert let_in.code == 0
    assert "19 changes" in let_in.told
    assert "Traceback" not in let_in.told


@pytest.mark.parametrize(
    ("hook", "needless"),
    [
        ("pre-receive", {"click", "sqlite_utils"}),
        ("post-receive", {"click", "sqlite_utils", "pydantic", "mesh.spec"}),
    ],
)
def test_a_push_waits_for_no_library_that_its_hooks_can_do_without(
    repo: Repo, hook: str, needless: set[str]
) -> None:
    push(repo)
    with Server(repo.origin) as server:
        server.wait_for("ready")
    moved = f"{tip(repo)} {tip(repo)} refs/heads/main\n"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-P", "-m", "gitmesh.push", hook, "--git-dir", "."],
        cwd=repo.origin,
        input=moved,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "reconciler.git.repository" in loaded
    assert not loaded & needless


# ---- hooks of others ----------------------------------------------------------------------------


def test_hooks_of_others_are_left_alone_and_ours_are_written_anew(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    theirs = bare / "hooks" / "pre-receive"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\nexit 0\n")
    kept = gitmesh("hooks", bare, "--json")
    assert kept.code == 1
    assert kept.json()["hooks"] == {"pre-receive": "kept", "post-receive": "written"}
    assert theirs.read_text() == "#!/bin/sh\nexit 0\n"
    assert "-m gitmesh.push pre-receive --git-dir ." in gitmesh("hooks", bare).out
    theirs.unlink()
    assert gitmesh("hooks", bare, "--wait", "9", "--log", tmp_path / "my log").code == 0
    assert f"--log '{tmp_path}/my log' --wait 9.0" in theirs.read_text()
    assert os.access(theirs, os.X_OK)
    assert git(bare, "config", "receive.advertisePushOptions") == "true"


def test_no_push_moves_the_refs_that_are_gitmeshs_own(tmp_path: Path) -> None:
    """Whoever may push to the branch must not take back what was signed."""
    repo = Repo(tmp_path)
    repo.commit({"README": "one"})
    signed = "refs/gitmesh/checkpoints"
    repo.git("push", "--quiet", "origin", f"HEAD:{signed}")
    git(repo.origin, "config", "--add", "receive.hideRefs", "refs/others")
    for _ in range(2):
        assert gitmesh("hooks", repo.origin).code == 0
    hidden = git(repo.origin, "config", "--get-all", "receive.hideRefs")
    assert hidden.splitlines() == ["refs/others", "refs/gitmesh"]
    before = git(repo.origin, "rev-parse", signed)
    repo.commit({"README": "two"})
    for ref in (f":{signed}", f"+HEAD:{signed}", "HEAD:refs/gitmesh/kept/x"):
        assert push(repo, ref=ref).code != 0
    repo.git("push", "--quiet", "--mirror", "origin")
    assert git(repo.origin, "for-each-ref", "--format=%(objectname)", "refs/gitmesh") == before


BAD = {"shop/a.yaml": "kind: Mess\n"}


@pytest.mark.parametrize("place", ["absolute", "relative"])
@pytest.mark.parametrize("bare", [True, False], ids=["bare", "worktree"])
def test_hooks_go_where_git_looks_for_them(tmp_path: Path, place: str, bare: bool) -> None:
    repo = Repo(tmp_path)
    if not bare:
        repo.origin.rename(tmp_path / "plain.git")
        git(tmp_path, "init", "--quiet", "--initial-branch=main", str(repo.origin))
        git(repo.origin, "config", "receive.denyCurrentBranch", "updateInstead")
    folder = tmp_path / "our hooks" if place == "absolute" else Path("our hooks")
    git(repo.origin, "config", "core.hooksPath", str(folder))
    written = gitmesh("hooks", repo.origin)
    assert written.code == 0
    assert str(folder / "pre-receive") in written.out
    repo.commit(BAD)
    refused = push(repo)
    assert refused.code != 0
    assert "gitmesh refuses this push" in refused.told


def test_hooks_of_a_linked_worktree_are_those_of_its_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.commit(sample_files())
    repo.push()
    linked = tmp_path / "linked"
    git(repo.origin, "worktree", "add", "--quiet", "--detach", str(linked), "main")
    assert (linked / ".git").is_file()
    assert gitmesh("hooks", linked).code == 0
    repo.commit(BAD)
    assert "gitmesh refuses this push" in push(repo).told
    repo.git("remote", "set-url", "origin", str(linked))
    assert "gitmesh refuses this push" in push(repo).told


def test_a_linked_worktree_of_another_branch_has_that_branch_checked_and_followed(
    tmp_path: Path,
) -> None:
    repo = Repo(tmp_path)
    repo.commit(sample_files())
    repo.push()
    linked = tmp_path / "linked"
    git(repo.origin, "worktree", "add", "--quiet", "-b", "live", str(linked), "main")
    git(repo.origin, "config", "receive.denyCurrentBranch", "updateInstead")
    done = gitmesh("hooks", linked)
    assert done.out.endswith("\npushes to live are checked\n")
    assert gitmesh("hooks", linked, "--json").json()["branch"] == "refs/heads/live"
    repo.commit(BAD)
    assert "branch main is not the one that is served (live)" in push(repo).told
    assert "gitmesh refuses this push" in push(repo, ref="HEAD:live").told
    other = "the hooks of the repository check another branch than the one the server follows"
    with Server(linked) as server:
        server.wait_for("ready", commit=git(linked, "rev-parse", "live"))
        assert other not in [line["message"] for line in server.lines()]
    with Server(repo.origin, "--log", str(tmp_path / "log")) as server:
        told = server.wait_for(other)
        assert (told["checked"], told["followed"]) == ("refs/heads/live", "refs/heads/main")
        assert told["hint"] == shlex.join(
            ["gitmesh", "hooks", str(repo.origin), "--log", str(tmp_path / "log")]
        )
    assert gitmesh("hooks", repo.origin).out.endswith("\npushes to main are checked\n")


def test_hooks_that_git_would_not_run_are_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = tmp_path / "gitconfig"
    everybody.write_text(f"[core]\n\thooksPath = {tmp_path}/of all\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(everybody))
    repo = Repo(tmp_path)
    refused = gitmesh("hooks", repo.origin)
    assert refused.code == 2
    assert f"{tmp_path}/of all" in refused.err
    assert not (tmp_path / "of all").exists()
    [remedy] = re.findall(r"(git --git-dir=.*), then run this again", refused.err)
    subprocess.run(remedy, shell=True, check=True)
    assert gitmesh("hooks", repo.origin).code == 0
    repo.commit(BAD)
    assert "refuses" in push(repo, GIT_CONFIG_GLOBAL=str(everybody)).told
    made = tmp_path / "made.git"
    assert gitmesh("init", made).code == 0
    repo.git("remote", "set-url", "origin", str(made))
    assert "refuses" in push(repo, GIT_CONFIG_GLOBAL=str(everybody)).told


# ---- with a server ------------------------------------------------------------------------------


@pytest.fixture
def server(repo: Repo) -> Iterator[Server]:
    with Server(repo.origin) as server:
        server.wait_for("ready")
        yield server
        assert server.stop() == 0


def test_a_push_is_answered_with_what_the_proxies_say_and_who_pushed_is_recorded(
    repo: Repo, server: Server
) -> None:
    first = repo.head()
    assert push(repo).told.endswith("gitmesh: applied; no proxy is connected")
    with RawClient(server.address, ENTRANCE) as client, ThreadPoolExecutor() as aside:
        client.subscribe(CLUSTER)
        client.subscribe(LISTENER)
        client.subscribe(ROUTE, *route_names())
        shift = commit_shares(repo, 10)
        options = ("-o", "ticket=CHG-123", "-o", "reason=\x1b[2Jtry")
        pushing = aside.submit(push, repo, *options, REMOTE_USER="ada")
        client.receive(ROUTE)
        answer = pushing.result()
        assert re.search(
            r"^gitmesh: 1/1 proxy in sync after [\d.]+ m?s$", answer.told, re.MULTILINE
        )
        assert "1 connected proxy" in answer.told

        repo.revert(shift)
        pushing = aside.submit(push, repo)
        client.receive(ROUTE)
        back = pushing.result().told
        assert f"by Alice; reverts {shift[:7]}" in back
        assert f"gitmesh: the mesh is that of {first[:7]} again" in back

        commit_shares(repo, 20)
        pushing = aside.submit(push, repo)
        client.refuse(ROUTE, "no such \x1b[2Jcluster")
        answer = pushing.result()
        assert answer.code == 0
        assert f"gitmesh: {ENTRANCE} REFUSED its RouteConfigurations" in answer.told
        assert "no such \\x1b[2Jcluster" in answer.told
        assert re.search(r"^  shop/\S+\.yaml:\d+: mesh/shop/virtual\S+$", answer.told, re.MULTILINE)
        assert "  hint: fix the spec and commit, or undo the commit: git rev" in answer.told
    told = server.wait_for(
        "ada pushed main by http, claiming to be Carol <carol@example.com> "
        "(ticket=CHG-123, reason=\\x1b[2Jtry)"
    )
    assert told["commit"] == shift[:7]
    event = received(repo)[1]
    assert (event.pusher, event.via, event.after) == ("ada", "http", shift)
    assert event.options == ("ticket=CHG-123", "reason=\x1b[2Jtry")
    assert event.account == received(repo)[0].pusher
    shown = gitmesh("log", repo.origin, "--json").out
    assert '"PushReceived"' in shown
    assert "\x1b" not in shown


def test_a_push_back_to_a_commit_is_not_answered_with_what_became_of_it_then(
    repo: Repo, server: Server
) -> None:
    push(repo)
    with RawClient(server.address, ENTRANCE) as client, ThreadPoolExecutor() as aside:
        follow_everything(client)
        for percent in (10, 20):
            shift = commit_shares(repo, percent)
            pushing = aside.submit(push, repo)
            client.receive(ROUTE)
            assert "1/1 proxy in sync" in pushing.result().told
    server.stop()
    repo.reset(f"{shift}~1")
    assert "no server is running for this repository" in push(repo, "--force").told


def test_a_push_that_is_news_to_nobody_is_answered_at_once(repo: Repo) -> None:
    """A server finds the commit when it starts, so that it is not offered to anybody anew."""
    gitmesh("hooks", repo.origin, "--wait", "60")
    assert "no server is running" in push(repo).told
    with Server(repo.origin) as server:
        server.wait_for("ready")
        git(repo.origin, "update-ref", "-d", "refs/heads/main")
        began = time.monotonic()
        assert push(repo).told.endswith("gitmesh: applied; no proxy is connected")
        with RawClient(server.address, ENTRANCE) as client:
            follow_everything(client)
            git(repo.origin, "update-ref", "-d", "refs/heads/main")
            assert push(repo).told.endswith("gitmesh: applied; 1/1 proxy in sync")
        assert time.monotonic() - began < 30


def test_a_server_with_its_log_elsewhere_is_found_once_the_hooks_know(
    repo: Repo, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "my logs" / "events.sqlite3"
    missing = "the hooks use another log, so they tell pushers that no server is running"
    with Server(repo.origin, "--log", str(elsewhere)) as server:
        server.wait_for("ready")
        hint = server.wait_for(missing)["hint"]
        assert hint == shlex.join(["gitmesh", "hooks", str(repo.origin), "--log", str(elsewhere)])
        assert "run: gitmesh hooks REPOSITORY --log FILE" in push(repo).told
        assert gitmesh("hooks", repo.origin, "--log", elsewhere).code == 0
        commit_shares(repo, 10)
        assert push(repo).told.endswith("gitmesh: applied; no proxy is connected")
    with Server(repo.origin, "--log", str(elsewhere)) as server:
        server.wait_for("ready")
        assert missing not in [line["message"] for line in server.lines()]


def test_a_push_is_refused_when_it_fails_a_route_test(repo: Repo) -> None:
    tests = {
        "shop/share-test.yaml": "kind: RouteTests\nfrom: mesh/shop/virtualNode/web\n"
        "host: cart.shop.internal\ntests:\n"
        "  - name: nobody has version 2\n    request: GET /\n    expect: {node: cart-v1}\n"
    }
    repo.commit(tests)
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10)
    refused = push(repo)
    assert refused.code != 0
    assert "shop/share-test.yaml:5: error[route-test-failed]" in refused.told
    assert "nobody has version 2" in refused.told
    assert tip(repo) == before
    repo.commit({"shop/share-test.yaml": None})
    repo.git("reset", "--quiet", "--soft", before)
    repo.commit(message="Shift, and no test of it")
    assert push(repo).code == 0


def test_a_push_with_more_route_tests_than_are_run_is_refused(repo: Repo) -> None:
    head = "kind: RouteTests\nfrom: mesh/shop/virtualNode/web\nhost: nobody\ntests:\n"
    one = "  - {request: GET /, expect: none}\n"
    mine = git(repo.work, "grep", "-h", "-c", "expect:", "--", "*-test.yaml").split()
    left = MAX_ROUTE_TESTS - sum(map(int, mine))
    repo.commit(
        {"shop/a-test.yaml": head + one * 1000, "shop/b-test.yaml": head + one * (left - 1000)}
    )
    assert push(repo).code == 0
    repo.commit({"shop/c-test.yaml": head + one})
    refused = push(repo)
    assert refused.code != 0
    assert (
        f"there are {MAX_ROUTE_TESTS + 1} route tests; the limit is {MAX_ROUTE_TESTS}"
        in refused.told
    )


def test_a_push_that_concerns_nobody_who_is_there_is_told_so(repo: Repo, server: Server) -> None:
    push(repo)
    with RawClient(server.address, "mesh/shop/virtualNode/catalog") as client:
        client.subscribe(CLUSTER)
        commit_shares(repo, 10)
        assert push(repo).told.endswith("gitmesh: served; it affects no connected proxy")


def test_the_proxies_that_a_push_concerns_are_accounted_for_though_their_node_is_gone(
    repo: Repo, server: Server
) -> None:
    old = "meshName: shop\nvirtualNodeName: old\nspec: {}\n"
    repo.commit({"shop/old.yaml": "kind: VirtualNode\n" + old})
    push(repo)
    with RawClient(server.address, "mesh/shop/virtualNode/old") as left:
        left.subscribe(CLUSTER)
        with RawClient(server.address, ENTRANCE) as client:
            for kind, names in ((CLUSTER, []), (LISTENER, []), (ROUTE, route_names())):
                client.subscribe(kind, *names)
            until(lambda: len(proxies(repo)) == 2)
            commit_shares(repo, 10)
            repo.commit({"shop/old.yaml": None})
            with ThreadPoolExecutor() as aside:
                before = len(told(repo.origin, SnapshotPublished))
                pushing = aside.submit(push, repo)
                until(lambda: len(told(repo.origin, SnapshotPublished)) > before)
                client.receive(ROUTE)
                answer = pushing.result().told
            assert "2 connected proxies" in answer
            assert "1/1 proxy in sync" in answer
            assert answer.endswith("; nothing is new for 1 proxy that it affects")
            states = {str(p["node"]): str(p["state"]) for p in proxies(repo)}
            assert states["mesh/shop/virtualNode/old"] == "node-removed"
            assert states[ENTRANCE] == "in-sync"
            shown = gitmesh("proxies", repo.origin).out
            assert "running on: its node was removed from the mesh" in shown
            status = gitmesh("status", "--repo", repo.origin)
            assert status.code == 0
            assert "1 running on: its node was removed from the mesh" in status.out


def test_a_push_waits_no_longer_than_it_was_told_to(repo: Repo, server: Server) -> None:
    gitmesh("hooks", repo.origin, "--wait", "0.3")
    push(repo)
    with RawClient(server.address, ENTRANCE) as client:
        for kind, names in ((CLUSTER, []), (LISTENER, []), (ROUTE, route_names())):
            client.subscribe(kind, *names)
        commit_shares(repo, 10)
        pushed = push(repo)
        assert pushed.code == 0
        assert re.search(r"not all of 1 proxy in sync|on its way|not yet applied", pushed.told)


def test_a_pusher_is_told_why_the_server_does_not_read_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite3"
    with open_for_writing(path) as log:
        held = SourceDegraded("held-back", "commit 1234567 is held back; run: gitmesh retry")
        log.append_observed([SourceDegraded(CONNECTIONS_FULL, "all files are open"), held])
    move = Move(CommitId("1" * 40), CommitId("2" * 40), "refs/heads/main")
    taken = tmp_path / "a note that the server has taken"
    assert answer(path, move, taken, within_s=0.1) == [
        "gitmesh: received by the server, not yet applied after 0 s; see gitmesh log",
        "  cannot follow the repository: commit 1234567 is held back; run: gitmesh retry",
    ]


def test_notes_that_are_none_are_thrown_away_and_the_server_goes_on(
    repo: Repo, server: Server, tmp_path: Path
) -> None:
    spool = pushes(log_path(repo.origin))
    secret = tmp_path / "secret"
    somebody = Pusher("somebody", "local", "")
    secret.write_bytes(PushNote.of(Move(None, None, "refs/heads/main"), somebody).line())
    spool.put(b"not json")
    spool.put(json.dumps({"ref": "x" * 999}).encode())
    spool.put(b" " * (MOST_BYTES + 1))
    (spool.folder / "1.json").symlink_to(secret)
    os.mkfifo(spool.folder / "2.json")
    assert push(repo).code == 0
    server.wait_for("commit applied")
    assert len(received(repo)) == 1
    assert os.listdir(spool.folder) == []
    assert secret.exists()


def test_a_spool_that_nobody_empties_stays_bounded(repo: Repo) -> None:
    spool = pushes(log_path(repo.origin))
    spool.folder.mkdir(parents=True)
    for number in range(MOST_WAITING):
        (spool.folder / f"{number}.json").touch()
    answer = push(repo)
    assert answer.code == 0
    assert "who pushed is not recorded" in answer.told
    assert len(os.listdir(spool.folder)) == MOST_WAITING


def test_a_hundred_options_and_a_name_without_end_are_cut(repo: Repo, server: Server) -> None:
    options = [word for number in range(100) for word in ("-o", f"{number}" + "x" * 600)]
    push(repo, *options, REMOTE_USER="y" * 5000)
    server.wait_for("commit applied")
    [event] = received(repo)
    assert (len(event.options), event.omitted) == (20, 80)
    assert {len(option) for option in event.options} == {500}
    assert len(event.pusher) == 200
