"""Verification by a gitmesh with other rules reports what it cannot derive again."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.encoding.codec import decode
from events.opening import open_for_reading, open_for_writing
from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    MeshEvent,
    RulesChanged,
    Seq,
    TrafficShifted,
)
from gitmesh.audit import rule_differences
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from mesh.problems.problem import Problem
from reconciler import rederivation, rules
from reconciler.plan import plan
from tests.support.command_line import Ran, gitmesh
from tests.support.following import follow
from tests.support.forger import Edit, changed, forge, replaced, retold
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

CHECKPOINTS = "refs/gitmesh/checkpoints"
TOO_SMALL = Problem("all.yaml", 1, "$", "out-of-range", "a share below 5 % is none")
OTHERWISE, LAST_OLD, LAST = 23, 26, 29
"""The commit that comes out otherwise by the new rules; where the old ones end; where the log does.
"""
ALL_OLD = f"mesh events 1 to {LAST_OLD} were decided by rules 1, and here are rules 2"


def plan_anew(*arguments: Any, **named: Any) -> list[MeshEvent]:
    """Decide a commit as a gitmesh does that refuses to shift less than five percent."""
    events = plan(*arguments, **named)
    shifts = [weight.after for e in events if isinstance(e, TrafficShifted) for weight in e.weights]
    if isinstance(events[0], CommitApplied) and any(0 < share < 5 for share in shifts):
        return [CommitRejected(events[0].facts, ({**TOO_SMALL.as_json()},))]
    return events


def put_rules(patch: pytest.MonkeyPatch, number: int) -> None:
    for module in (rules, rederivation, rule_differences):
        patch.setattr(module, "RULES", number)


@pytest.fixture(autouse=True)
def old_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gitmesh of these tests have rules 1, whatever the number is today."""
    put_rules(monkeypatch, 1)


def upgrade(patch: pytest.MonkeyPatch, decide: Callable[..., list[MeshEvent]] = plan_anew) -> None:
    put_rules(patch, 2)
    patch.setattr("reconciler.plan.plan", decide)


def verify(bare: Path, *options: object) -> Ran:
    return gitmesh("verify", bare, *options)


def signed(bare: Path) -> Path:
    """Sign what the log says now, and return the public key."""
    key = bare.parent / "shop.key"
    if not key.exists():
        assert gitmesh("keygen", key, "--name", "shop.example").code == 0
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    return Path(f"{key}.pub")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a repository whose log an old gitmesh wrote."""
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    for minute, share in enumerate((10, 3, 20), 1):
        put(bare, sample_files(shares(share)), minute=minute)
    assert follow(bare) == LAST_OLD
    assert verify(bare).code == 0
    return bare


def goes_on(bare: Path) -> None:
    """Let today's gitmesh follow what is pushed now."""
    put(bare, sample_files(shares(30)), minute=4)
    put(bare, sample_files(shares(2)), minute=5)
    assert follow(bare) == LAST


def changes(bare: Path) -> list[RulesChanged]:
    with open_for_reading(log_path(bare)) as log:
        found = [decode(record) for record in log.read(Chain.DELIVERY)]
    return [event for event in found if isinstance(event, RulesChanged)]


def test_what_old_rules_decided_is_unproven_and_not_called_forged(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch)
    goes_on(bare)
    (change,) = changes(bare)
    assert (change.before, change.after, change.mesh_seq) == (1, 2, LAST_OLD)
    done = verify(bare)
    assert done.code == 5
    expected = (
        f"{ALL_OLD}: 1 commit comes out otherwise, first event {OTHERWISE} (CommitApplied of "
    )
    assert expected in done.out
    assert "nothing is wrong, but not all of it can be proven here" in done.out
    assert f"git: {LAST - 2} mesh events derived again, the same" in done.out
    told = verify(bare, "--json")
    assert told.code == 5
    answer = told.json()
    assert (answer["ok"], answer["problems"], len(answer["unproven"])) == (False, [], 1)
    assert answer["rules"] == {
        "here": 2,
        "decided": [
            {"rules": 1, "first": 1, "last": LAST_OLD},
            {"rules": 2, "first": LAST_OLD + 1, "last": LAST},
        ],
    }


def test_before_a_server_took_it_up_the_whole_log_is_of_the_old_rules(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch)
    done = verify(bare)
    assert (done.code, changes(bare)) == (5, [])
    assert ALL_OLD in done.out


def test_the_old_gitmesh_still_proves_what_it_decided(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        upgrade(patch)
        goes_on(bare)
    done = verify(bare)
    assert done.code == 5
    assert f"mesh events {LAST_OLD + 1} to {LAST} were decided by rules 2, and here" in done.out
    assert f"first event {LAST} (CommitRejected of " in done.out


def test_rules_under_which_all_comes_out_the_same_leave_nothing_unproven(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch, plan)
    put(bare, sample_files(shares(30)), minute=4)
    follow(bare)
    assert len(changes(bare)) == 1
    assert verify(bare).code == 0


def test_what_was_signed_while_the_rules_held_is_vouched_for(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = signed(bare)
    upgrade(monkeypatch)
    goes_on(bare)
    done = verify(bare, "--key", key)
    assert done.code == 0
    assert f"git: {ALL_OLD}: 1 commit" in done.out
    assert "a checkpoint that was signed while they held vouches for them" in done.out
    assert done.out.endswith("the log is intact\n")
    assert verify(bare).code == 5, "a signature that nobody checks vouches for nothing"


def test_what_was_signed_afterwards_is_not_vouched_for(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever could forge the log before anything was signed would have it signed now."""
    upgrade(monkeypatch)
    goes_on(bare)
    assert verify(bare, "--key", signed(bare)).code == 5


def test_what_was_signed_of_the_beginning_vouches_for_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    put(bare, sample_files(shares(3)), minute=1)
    follow(bare)
    key = signed(bare)
    put(bare, sample_files(shares(4)), minute=2)
    follow(bare)
    upgrade(monkeypatch)
    put(bare, sample_files(shares(30)), minute=3)
    follow(bare)
    told = verify(bare, "--key", key, "--json").json()
    assert "1 commit comes out otherwise, first event 23 (" in told["unproven"][0]
    assert "1 commit comes out otherwise, first event 21 (" in told["notes"][-1]


def test_a_server_says_by_which_rules_it_decides_before_it_signs(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would vouch for what it never decided."""
    gitmesh("keygen", bare.parent / "shop.key", "--name", "shop.example")
    options = ("--checkpoint-key", str(bare.parent / "shop.key"))
    with Server(bare, *options, rules=2) as server:
        server.wait_for("ready")
        server.wait_until(lambda: CHECKPOINTS in git(bare, "for-each-ref"))
        first = git(bare, "rev-list", "--max-parents=0", CHECKPOINTS)
        assert server.stop(signal.SIGTERM) == 0
    assert [change.after for change in changes(bare)] == [2]
    assert int(git(bare, "show", f"{first}:delivery").splitlines()[1]) >= 1
    upgrade(monkeypatch)
    assert verify(bare, "--key", bare.parent / "shop.key.pub").code == 5


# ---- no excuse ----------------------------------------------------------------------------------

FORGERIES: dict[str, tuple[Edit, int, str]] = {
    "a share, where the old rules decided": (
        replaced(22, '"after":10', '"after":11'),
        5,
        "2 commits come out otherwise, first event 22 (TrafficShifted of mesh/shop/",
    ),
    "a share, where the new rules decided": (
        replaced(28, '"after":30', '"after":31'),
        1,
        "mesh chain: event 28 (TrafficShifted of mesh/shop/",
    ),
    "the message of a commit that comes out otherwise": (
        replaced(OTHERWISE, '"message":"change"', '"message":"chance"'),
        1,
        f"mesh chain: event {OTHERWISE} (CommitApplied of ",
    ),
    "the author of a commit that comes out otherwise": (
        changed(OTHERWISE + 1, actor="Mallory <m@example.com>"),
        1,
        f"mesh chain: event {OTHERWISE + 1} (TrafficShifted of ",
    ),
    "no facts in a commit that comes out otherwise": (
        retold(OTHERWISE, "CommitApplied", "tree", "author"),
        1,
        f"mesh chain: event {OTHERWISE} (CommitApplied of ",
    ),
    "a fraction in a commit that comes out otherwise": (
        replaced(OTHERWISE + 1, '"after":3', '"after":3.5'),
        1,
        f"mesh chain: event {OTHERWISE + 1} (TrafficShifted of ",
    ),
    "no object in a commit that comes out otherwise": (
        changed(OTHERWISE, data="[]"),
        1,
        f"mesh chain: event {OTHERWISE} (CommitApplied of ",
    ),
    "another kind in a commit that comes out otherwise": (
        retold(OTHERWISE + 1, "ServerStarted", version="1"),
        1,
        f"mesh chain: event {OTHERWISE + 1} (ServerStarted of ",
    ),
    "one event more in a commit that comes out otherwise": (
        lambda rows: [*rows[: OTHERWISE + 1], rows[OTHERWISE], *rows[OTHERWISE + 1 :]],
        1,
        f"mesh chain: event {OTHERWISE} (CommitApplied of ",
    ),
    "a commit left out": (
        lambda rows: [*rows[: OTHERWISE - 1], *rows[OTHERWISE + 1 :]],
        1,
        f"mesh chain: event {OTHERWISE} (CommitApplied of ",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_other_rules_are_no_excuse(bare: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    edit, code, expected = FORGERIES[name]
    key = signed(bare)
    upgrade(monkeypatch)
    goes_on(bare)
    forge(log_path(bare), edit)
    filed = git(bare, "rev-parse", CHECKPOINTS)
    git(bare, "update-ref", "-d", CHECKPOINTS)
    done = verify(bare)
    assert (done.code, "the log is intact" in done.out) == (code, False)
    assert expected in done.out
    git(bare, "update-ref", CHECKPOINTS, filed)
    assert verify(bare, "--key", key).code == 1, "somebody signed for it, or git says otherwise"


def test_a_made_up_change_of_rules_excuses_nothing(bare: Path) -> None:
    with open_for_writing(log_path(bare)) as log:
        log.append_observed([RulesChanged(1, 7, Seq(20), "9")])
        log.append_observed([RulesChanged(7, 1, Seq(24), "9")])
    assert verify(bare).code == 0
    forge(log_path(bare), replaced(22, '"after":10', '"after":11'))
    done = verify(bare)
    assert done.code == 5
    assert "mesh events 21 to 24 were decided by rules 7" in done.out
    assert "first event 22 (TrafficShifted of mesh/shop/" in done.out


def test_a_change_of_rules_that_cannot_be_is_wrong(bare: Path) -> None:
    with open_for_writing(log_path(bare)) as log:
        log.append_observed([RulesChanged(1, 2, Seq(LAST), "9")])
    done = verify(bare)
    assert done.code == 1
    assert "delivery chain: event 1 (RulesChanged) says that rules 1 decided up to" in done.out


def test_where_all_comes_out_otherwise_the_work_has_an_end(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch, lambda state, facts, *_, **__: [CommitRejected(facts)])
    monkeypatch.setattr(rederivation, "MOST_OTHERWISE", 2)
    done = verify(bare)
    assert done.code == 5
    assert "2 commits come out otherwise, first event 1 (" in done.out
    assert "; 2 commits were not tried any more." in done.out
    forge(log_path(bare), replaced(25, '"message":"change"', '"message":"chance"'))
    assert "mesh chain: event 25 (CommitApplied of " in verify(bare).out


# ---- two servers --------------------------------------------------------------------------------


def test_when_somebody_upgraded_is_no_part_of_the_mesh_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, logs = Repo(tmp_path).origin, [tmp_path / "early.db", tmp_path / "late.db"]
    put(bare, sample_files())
    follow(bare, log=logs[0])
    put(bare, sample_files(shares(10)), minute=1)
    follow(bare, log=logs[1])
    upgrade(monkeypatch)
    follow(bare, log=logs[0])
    put(bare, sample_files(shares(2)), minute=2)
    heads = []
    for path in logs:
        follow(bare, log=path)
        with open_for_reading(path) as log:
            heads.append(log.head(Chain.MESH))
        assert gitmesh("verify", bare, "--log", path).code == 0
    assert heads[0] == heads[1]
