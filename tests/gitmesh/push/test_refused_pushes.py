"""Refused pushes are recorded, within limits: pusher, target, time and reason."""

import csv
import io
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.opening import open_for_reading, open_for_writing
from events.types import Chain, CommitId, PushReceived, PushRefused
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.hooks.scripts import HookOptions, install
from gitmesh.inbox import refusal_limit
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.push_note_reader import read_push, read_refused_push
from gitmesh.inbox.pusher import MOST_NAME_CHARS, MOST_OPTION_CHARS, MOST_OPTIONS, Pusher
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_limit import RefusalLimit
from gitmesh.inbox.refusal_reason import RefusalReason
from gitmesh.inbox.refused_push_note import MOST_BYTES, RefusedNote
from gitmesh.inbox.spool import (
    MOST_REFUSED_WAITING,
    Spool,
    SpoolUnavailable,
    pushes,
    refused_pushes,
)
from gitmesh.push import pre_receive
from gitmesh.queries.log_location import log_path
from gitmesh.server.push_import import Pushes, RefusedPushes
from mesh.canonical import JsonObject
from reconciler.git.repository import GitRepository
from tests.support.command_line import gitmesh
from tests.support.git import ENVIRONMENT, Repo, git
from tests.support.sample_shop import sample_files
from tests.support.server import Server
from tests.support.warm import warm_hooks

COMMIT = CommitId("a1b2c3d4" * 5)
MOVE = Move(COMMIT, CommitId("0f" * 20), "refs/heads/main")
BOB = Pusher("bob", "http", "Bob <bob@shop.example>")


def push(repo: Repo, *options: str, ref: str = "HEAD:main", **environment: str) -> tuple[int, str]:
    """Push, and return the exit code and what the hooks say."""
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
    return done.returncode, "\n".join(told)


def commit_shares(repo: Repo, percent: int, second: str = "cart-v2") -> CommitId:
    files = {ROUTES: sample_files(shares(percent, second))[ROUTES]}
    return CommitId(repo.commit(files, f"To {second}"))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository that init has made, with a clone whose shop is pushed."""
    repo = Repo(tmp_path)
    repo.origin.rename(tmp_path / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    assert gitmesh("hooks", repo.origin, "--wait", "0").code == 0
    warm_hooks(repo.origin)
    repo.commit(sample_files(), "The shop's mesh")
    assert push(repo)[0] == 0
    return repo


def events(log: Path) -> list[PushRefused]:
    with open_for_reading(log) as opened:
        found = [decode(record) for record in opened.read(Chain.DELIVERY)]
    return [event for event in found if isinstance(event, PushRefused)]


def recorded(repo: Repo) -> list[PushRefused]:
    """Return the refused pushes of the log once a server has taken all that wait."""
    log = log_path(repo.origin)
    with open_for_writing(log) as opened:
        RefusedPushes(opened, refused_pushes(log)).take()
    return events(log)


# ---- what is recorded ----------------------------------------------------------------------------


def test_a_mistake_is_recorded_with_who_when_and_why(repo: Repo) -> None:
    before = repo.head()
    with Server(repo.origin) as server:
        server.wait_for("ready")
        bad = commit_shares(repo, 10, "cart-v3")
        code, told = push(repo, "-o", "ticket=CHG-7", REMOTE_USER="bob")
        assert (code, "gitmesh refuses this push" in told) == (1, True)
        line = server.wait_for(
            "bob was REFUSED to push main by http, claiming to be Carol <carol@example.com> "
            f"(ticket=CHG-7): 1 problem in {bad[:7]}"
        )
        assert line["level"] == "WARNING"
        server.wait_until(lambda: not refused_pushes(log_path(repo.origin)).take())
        assert server.stop() == 0
    [event] = events(log_path(repo.origin))
    assert (event.ref, event.before, event.after) == ("refs/heads/main", before, bad)
    assert (event.pusher, event.via, event.reason) == ("bob", "http", "problems")
    assert event.options == ("ticket=CHG-7",)
    assert event.commits == (bad,)
    [problem] = event.problems
    assert (problem["path"], problem["line"]) == ("shop/cart/routes.yaml", 31)
    assert problem["code"] == "dangling-reference"
    for filters in (("--kind", "PushRefused"), ("--author", "bob"), ("--commit", bad[:8])):
        shown = gitmesh("log", repo.origin, *filters)
        assert shown.code == 0, shown.err
        assert f"1 problem in {bad[:7]}" in shown.out
        assert "shop/cart/routes.yaml:31: error[dangling-reference]" in shown.out
    assert gitmesh("log", repo.origin, "--kind", "PushRefused", "--author", "ada").out == ""
    asked = ("export", repo.origin, "--kind", "PushRefused")
    [cloud] = gitmesh(*asked, "--format", "cloudevents").json_lines()
    assert cloud["type"] == "io.gitmesh.PushRefused.v1"
    [_, row] = csv.reader(io.StringIO(gitmesh(*asked, "--format", "csv").out))
    assert any("shop/cart/routes.yaml:31" in cell for cell in row)
    assert gitmesh("verify", repo.origin).code == 0


@pytest.mark.parametrize("setting", ["true", "yes", "1", "2", "-1", "1k", "ON"])
def test_a_force_push_that_the_repository_forbids_is_recorded(repo: Repo, setting: str) -> None:
    git(repo.origin, "config", "receive.denyNonFastForwards", setting)
    base = repo.head()
    lost = [commit_shares(repo, percent) for percent in (10, 20)]
    assert push(repo)[0] == 0
    repo.git("reset", "--quiet", "--hard", base)
    code, told = push(repo, "--force")
    assert code == 1
    assert "it removes 2 commits from main (forbidden by receive.denyNonFastForwards)" in told
    assert all(f"{commit[:7]} “To cart-v2” by Alice" in told for commit in lost)
    assert git(repo.origin, "rev-parse", "main") == lost[-1]
    [event] = recorded(repo)
    assert (event.reason, event.before, event.after) == ("force-push", lost[-1], base)
    git(repo.origin, "config", "receive.denyNonFastForwards", "false")
    assert push(repo, "--force")[0] == 0
    assert len(recorded(repo)) == 1


def test_a_deletion_that_git_forbids_is_recorded(repo: Repo) -> None:
    tip = repo.head()
    code, told = push(repo, ref=":main")
    assert code == 1
    assert "it deletes main, the branch that is served" in told
    assert git(repo.origin, "rev-parse", "main") == tip
    git(repo.origin, "config", "receive.denyDeleteCurrent", "ignore")
    git(repo.origin, "config", "receive.denyDeletes", "true")
    assert push(repo, ref=":main")[0] == 1
    assert [(e.reason, e.before, e.after) for e in recorded(repo)] == [("deletion", tip, "")] * 2
    git(repo.origin, "config", "receive.denyDeletes", "false")
    assert push(repo, ref=":main")[0] == 0


class CheckedOut:
    """A repository with a work tree, whose hooks are ours."""

    def __init__(self, folder: Path, repo: Repo) -> None:
        self.path = folder / "checked-out"
        git(folder, "clone", "--quiet", str(repo.origin), str(self.path))
        install(self.path / ".git", HookOptions("main"))
        repo.git("remote", "set-url", "origin", str(self.path))
        self.repo = repo

    def config(self, name: str, value: str) -> None:
        git(self.path, "config", name, value)

    def push(self, percent: int, *options: str) -> tuple[int, str]:
        self.tip = commit_shares(self.repo, percent)
        return push(self.repo, *options)

    def reasons(self) -> list[str]:
        """Return why the pushes were refused whose notes wait."""
        notes = refused_pushes(log_path(self.path)).take()
        found = [read_refused_push(note.text) for note in notes]
        return [note.reason for note in found if note is not None]

    @property
    def head(self) -> str:
        return git(self.path, "rev-parse", "main")


@pytest.fixture
def checked_out(tmp_path: Path, repo: Repo) -> CheckedOut:
    return CheckedOut(tmp_path, repo)


@pytest.mark.parametrize("setting", ["", "refuse", "REFUSE", "true", "1"])
def test_a_push_to_a_branch_that_is_checked_out_is_refused_in_words_and_recorded(
    checked_out: CheckedOut, setting: str
) -> None:
    if setting:
        checked_out.config("receive.denyCurrentBranch", setting)
    before = checked_out.head
    code, told = checked_out.push(10)
    assert code == 1
    assert f"main is checked out in {checked_out.path} (forbidden by receive.denyCur" in told
    assert "git config receive.denyCurrentBranch updateInstead" in told
    assert "affects" not in told, "nothing is accepted first"
    assert checked_out.head == before
    assert checked_out.reasons() == ["checked-out"]


@pytest.mark.parametrize("setting", ["ignore", "warn", "false", "0", "off", "updateInstead"])
def test_a_push_to_a_branch_that_is_checked_out_may_be_allowed(
    checked_out: CheckedOut, setting: str
) -> None:
    checked_out.config("receive.denyCurrentBranch", setting)
    assert checked_out.push(10)[0] == 0
    assert checked_out.head == checked_out.tip
    assert checked_out.reasons() == []


def test_a_work_tree_that_follows_pushes_does_not_lose_changes(checked_out: CheckedOut) -> None:
    checked_out.config("receive.denyCurrentBranch", "updateInstead")
    changed = checked_out.path / ROUTES
    changed.write_text(changed.read_text() + "# mine\n")
    code, told = checked_out.push(10)
    assert (code, "has uncommitted changes" in told) == (1, True)
    assert checked_out.reasons() == ["checked-out"]
    git(checked_out.path, "checkout", "--quiet", ".")
    assert push(checked_out.repo)[0] == 0


def test_a_branch_that_a_linked_work_tree_has_is_checked_out_too(repo: Repo) -> None:
    tree = repo.origin.parent / "linked"
    git(repo.origin, "worktree", "add", "--quiet", str(tree), "main")
    commit_shares(repo, 10)
    code, told = push(repo)
    assert (code, f"main is checked out in {tree}" in told) == (1, True)
    assert [event.reason for event in recorded(repo)] == ["checked-out"]
    git(tree, "checkout", "--quiet", "-b", "other")
    assert push(repo)[0] == 0


def test_a_deletion_of_a_branch_that_a_linked_work_tree_has_is_recorded(repo: Repo) -> None:
    git(repo.origin, "worktree", "add", "--quiet", str(repo.origin.parent / "linked"), "main")
    git(repo.origin, "branch", "other", "main")
    git(repo.origin, "symbolic-ref", "HEAD", "refs/heads/other")
    install(repo.origin, HookOptions("main"))
    git(repo.origin, "config", "receive.denyCurrentBranch", "ignore")
    assert push(repo, ref=":main")[0] == 1
    notes = refused_pushes(log_path(repo.origin)).take()
    assert [read_refused_push(note.text).reason for note in notes] == ["deletion"]  # type: ignore[union-attr]


def test_a_first_push_to_a_work_tree_is_refused_in_words(tmp_path: Path, repo: Repo) -> None:
    path = tmp_path / "new"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(path))
    install(path / ".git", HookOptions("main"))
    repo.git("remote", "set-url", "origin", str(path))
    code, told = push(repo)
    assert (code, f"main is checked out in {path}" in told) == (1, True)


def test_refs_of_gitmesh_are_refused_even_where_git_does_not_hide_them(repo: Repo) -> None:
    git(repo.origin, "config", "--unset-all", "receive.hideRefs")
    for ref in ("HEAD:refs/gitmesh/checkpoints", "HEAD:refs/gitmesh/kept/x\u009b2J"):
        code, told = push(repo, ref=ref)
        assert (code, "only gitmesh moves refs/gitmesh/" in told) == (1, True)
    assert git(repo.origin, "for-each-ref", "refs/gitmesh") == ""
    assert [event.reason for event in recorded(repo)] == ["own-refs"] * 2
    assert "\u009b" not in gitmesh("log", repo.origin).out


def test_without_a_server_attempts_wait_for_the_next_one_but_not_without_end(repo: Repo) -> None:
    bad = commit_shares(repo, 10, "cart-v3")
    assert push(repo)[0] == 1
    spool = refused_pushes(log_path(repo.origin))
    [waiting] = spool.folder.iterdir()
    for number in range(MOST_REFUSED_WAITING - 1):
        (spool.folder / f"9-{number}.json").write_bytes(b"")
    code, told = push(repo)
    assert code == 1
    assert "gitmesh: that this push was refused is not recorded: " in told
    assert len(list(spool.folder.iterdir())) == MOST_REFUSED_WAITING
    for path in spool.folder.glob("9-*"):
        path.unlink()
    assert waiting.exists()
    assert [event.after for event in recorded(repo)] == [bad]
    # What is refused never stands in the way of what is accepted.
    assert pushes(log_path(repo.origin)).folder != spool.folder


def test_a_push_that_cannot_be_checked_is_recorded(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(pre_receive, "check", out_of_memory)
    base = CommitId(repo.head())
    after = commit_shares(repo, 10)
    git(repo.origin, "fetch", "--quiet", str(repo.work), "HEAD")
    with pytest.raises(MemoryError):
        pre_receive.pre_receive(
            GitRepository.open(repo.origin),
            [Move(base, after, "refs/heads/main")],
            BOB,
            git_dir=repo.origin,
            branch=None,
            log=log_path(repo.origin),
        )
    [event] = recorded(repo)
    assert (event.reason, event.after, event.pusher) == ("unchecked", after, "bob")
    assert event.problems[0]["message"] == "there is not enough memory"


# ---- what a hostile pusher can do ----------------------------------------------------------------

LONG = "\U0001f9e8\x1b\u202e\n" * 1_000
HOSTILE = Pusher(
    LONG[:MOST_NAME_CHARS], "http", LONG[:MOST_NAME_CHARS], (LONG[:MOST_OPTION_CHARS],) * 20, 3
)


def test_however_long_what_a_pusher_says_it_is_told_who_pushed(tmp_path: Path) -> None:
    assert len(HOSTILE.options) == MOST_OPTIONS
    spool = Spool(tmp_path / "notes")
    spool.put(PushNote.of(replace(MOVE, ref=LONG), HOSTILE).line())
    with open_for_writing(tmp_path / "log.sqlite3") as log:
        Pushes(log, spool).take()
        [record] = log.read(Chain.DELIVERY)
    event = decode(record)
    assert isinstance(event, PushReceived)
    assert event.pusher == HOSTILE.name
    assert len(event.options) + event.omitted == MOST_OPTIONS + 3


def test_no_refused_push_takes_much_room(tmp_path: Path) -> None:
    problem: JsonObject = dict.fromkeys(("path", "where", "code", "message", "hint"), LONG)
    note = RefusedNote.of(
        replace(MOVE, ref=LONG),
        HOSTILE,
        RefusalReason.PROBLEMS,
        commits=[COMMIT] * 1_000,
        problems=[{**problem, "line": 1, "severity": "error"}] * 1_000,
        problem_count=1_000_000,
    )
    text = note.line()
    assert len(text) <= MOST_BYTES
    found = read_refused_push(text)
    assert found is not None
    assert found.push.pusher == HOSTILE.name
    assert len(found.problems) + found.more_problems == 1_000_000
    assert found.commits == (COMMIT,) * 10


def mutations(text: bytes, many: int) -> Iterator[bytes]:
    """Yield texts that are almost the note, the same ones in every run."""
    rng = random.Random(7)
    for _ in range(many):
        changed = bytearray(text)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(changed))
            match rng.randrange(3):
                case 0:
                    changed[at] = rng.randrange(256)
                case 1:
                    del changed[at : at + rng.randrange(9)]
                case _:
                    changed[at:at] = rng.choice([b"[", b"{", b'"', b"null", b"9" * 30, b"\\ud800"])
        yield bytes(changed)


def test_notes_that_are_none_are_thrown_away_and_all_others_fit_the_log(tmp_path: Path) -> None:
    problem: JsonObject = {
        "path": "a.yaml",
        "line": 3,
        "where": "$",
        "code": "c",
        "message": "m",
        "hint": "",
    }
    whole = RefusedNote.of(
        MOVE, BOB, RefusalReason.PROBLEMS, problems=[{**problem, "severity": "error"}]
    )
    told = json.loads(whole.line())
    forged = [
        {**told, "extra": 1},
        {**told, "reason": "because"},
        {**told, "commits": ["x"]},
        {**told, "more_problems": 10**30},
        {**told, "problems": [{**told["problems"][0], "message": "x" * 5_000}]},
        {**told, "push": {**told["push"], "pusher": "x" * 5_000}},
        {**told, "unrecorded": 10**9},
    ]
    assert [read_refused_push(json.dumps(each).encode()) for each in forged] == [None] * len(forged)
    assert read_refused_push(whole.line() + b" " * MOST_BYTES) is None
    assert read_push(whole.line()) is None
    with open_for_writing(tmp_path / "log.sqlite3") as log:
        for text in mutations(whole.line(), 3_000):
            found = read_refused_push(text)
            if found is not None:
                log.append_observed([found.event("root")])


# ---- the limit on noise --------------------------------------------------------------------------


def attempts(who: str, many: int) -> list[PushRefused]:
    note = RefusedNote.of(MOVE, replace(BOB, name=who), RefusalReason.OWN_REFS)
    return [replace(note.event("git"), after=CommitId(f"{at:040x}")) for at in range(many)]


def test_one_who_tries_for_ever_is_counted_and_keeps_nobody_else_out() -> None:
    limit, told = RefusalLimit(), list[PushRefused]()
    for second in range(3_600):
        told += limit.take(attempts("bob", 10), float(second))
        if second == 1_800:
            [event] = limit.take(attempts("ada", 1), float(second))
            assert (event.pusher, event.unrecorded) == ("ada", 0)
    assert refusal_limit.BURST < len(told) <= refusal_limit.BURST + 60
    told += limit.rest()
    assert len(told) + sum(event.unrecorded for event in told) == 36_000
    assert limit.rest() == []


def test_one_who_tries_under_ever_new_names_is_bounded_too() -> None:
    limit, told = RefusalLimit(), list[PushRefused]()
    for second in range(600):
        told += limit.take([a for at in range(10) for a in attempts(f"{second}.{at}", 1)], second)
    assert len(told) <= refusal_limit.BURST_OF_ALL + 10
    rest = limit.rest()
    assert len(rest) <= refusal_limit.MOST_PUSHERS + 1
    assert len(told + rest) + sum(event.unrecorded for event in told + rest) == 6_000


def test_what_was_held_back_is_told_when_there_is_room_again() -> None:
    limit = RefusalLimit()
    assert len(limit.take(attempts("bob", 30), 0.0)) == refusal_limit.BURST
    assert limit.due(1.0) == []
    [event] = limit.due(61.0)
    assert (event.after, event.unrecorded) == (f"{29:040x}", 9)
    assert limit.due(1_000.0) == []


def test_what_the_log_does_not_take_now_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = refused_pushes(tmp_path / "log.sqlite3")
    for _ in range(refusal_limit.BURST + 5):
        spool.put(RefusedNote.of(MOVE, BOB, RefusalReason.OWN_REFS).line())

    def full(*_: object) -> None:
        raise SpoolUnavailable("no room")

    with open_for_writing(tmp_path / "log.sqlite3") as log:
        taking = RefusedPushes(log, spool, now=lambda: 0.0)
        with monkeypatch.context() as patch:
            patch.setattr(log, "append_observed", full)
            for _ in range(3):
                with pytest.raises(SpoolUnavailable):
                    taking.take()
        taking.take()
        taking.take()
        taking.end()
    assert spool.take() == []
    found = events(tmp_path / "log.sqlite3")
    assert len(found) == refusal_limit.BURST + 1
    assert found[-1].unrecorded == 4
