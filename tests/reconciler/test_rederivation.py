"""Rederivation of the mesh chain names the first event that differs from git."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import Chain
from reconciler import plan as planning
from reconciler.follower import Follower
from reconciler.git.repository import KEPT, GitRepository
from reconciler.rederivation import Rederivation, rederive
from tests.reconciler.following import story
from tests.support.forger import Edit, changed, forge, moved, replaced, retold, without
from tests.support.git import Repo, git, put
from tests.support.meshes import a_node, a_route, shop_mesh
from tests.support.specs import files, text

ROUTE = "mesh/shop/virtualRouter/cart/route/all.yaml"
SHOP = files(shop_mesh())
SIZE = len(SHOP) + 1
"""Events of the first commit."""


def shares(v1: int, v2: int, second: str = "cart-v2") -> dict[str, str]:
    return {**SHOP, ROUTE: text(a_route("cart", "all", {"cart-v1": v1, second: v2}))}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def follow(origin: Path, log: Path) -> list[str]:
    """Log every commit up to the tip; return what became of commits."""
    with open_for_writing(log) as opened:
        while Follower(GitRepository.open(origin), opened).catch_up() is not None:
            pass
        return story(opened)


def rederived(origin: Path, log: Path) -> Rederivation:
    with open_for_reading(log) as opened:
        return rederive(GitRepository.open(origin), opened.rows(Chain.MESH))


def length(log: Path) -> int:
    with open_for_reading(log) as opened:
        return opened.head(Chain.MESH).seq


def drop_what_no_branch_leads_to(origin: Path) -> None:
    for ref in git(origin, "for-each-ref", "--format=%(refname)", KEPT).split():
        git(origin, "update-ref", "-d", ref)
    git(origin, "reflog", "expire", "--expire=now", "--all")
    git(origin, "gc", "--quiet", "--prune=now")


def long_history(origin: Path, log: Path) -> dict[str, str]:
    """Push what happens to a mesh: shifts, mistakes, a way back, force pushes, a merge."""
    at = {"first": put(origin, SHOP)}
    at["shift"] = put(origin, shares(90, 10))
    at["bad"] = put(origin, shares(90, 10, "cart-v3"))
    at["worse"] = put(origin, {**shares(1, 1, "cart-v4"), "x.yaml": "kind: Nonsense"})
    at["back"] = put(origin, SHOP)
    follow(origin, log)
    at["side"] = put(origin, shares(50, 50), parents=[at["shift"]], minute=1)
    at["more"] = put(origin, {**shares(50, 50), "n.yaml": text(a_node("n"))})
    follow(origin, log)
    at["merge"] = put(origin, shares(40, 60), parents=[at["more"], at["back"]])
    follow(origin, log)
    git(origin, "update-ref", "refs/heads/main", at["shift"])
    follow(origin, log)
    at["foxtrot"] = put(origin, shares(30, 70), parents=[at["first"], at["shift"]])
    at["root"] = put(origin, {**SHOP, "gitmesh.yaml": "egressToAws: true\n"}, parents=[])
    follow(origin, log)
    return at


def test_a_history_with_everything_in_it_is_derived_again(origin: Path, log: Path) -> None:
    long_history(origin, log)
    told = [line.split()[0] for line in follow(origin, log)]
    assert {"applied", "rejected", "rewritten"} <= {*told}
    assert told.count("rewritten") == 3
    found = rederived(origin, log)
    assert found.difference is None
    assert (found.checked, found.unchecked) == (length(log), 0)
    assert (found.gone, found.reworded) == ([], [])


def test_a_foxtrot_merge_is_derived_again(origin: Path, log: Path) -> None:
    first = put(origin, SHOP)
    second = put(origin, shares(90, 10))
    follow(origin, log)
    put(origin, shares(80, 20), parents=[first, second])
    assert "foxtrot" in follow(origin, log)
    assert rederived(origin, log).checked == length(log)


def test_an_empty_log_is_what_git_says_so_far(origin: Path, log: Path) -> None:
    open_for_writing(log).close()
    assert rederived(origin, log) == Rederivation()


def test_progress_is_told(origin: Path, log: Path) -> None:
    put(origin, SHOP)
    follow(origin, log)
    told: list[tuple[str, int, int]] = []
    with open_for_reading(log) as opened:
        rows = opened.rows(Chain.MESH)
        repo = GitRepository.open(origin)
        rederive(repo, rows, whole=SIZE, progress=lambda *step: told.append(step))
    assert told == [("comparing with git", 0, SIZE)]


# ---- what git no longer has ---------------------------------------------------------------------


def test_what_a_force_push_dropped_is_kept_by_a_ref_and_checked(origin: Path, log: Path) -> None:
    put(origin, SHOP)
    dropped = put(origin, shares(90, 10))
    follow(origin, log)
    put(origin, shares(80, 20), parents=[])
    follow(origin, log)
    git(origin, "reflog", "expire", "--expire=now", "--all")
    git(origin, "gc", "--quiet", "--prune=now")
    assert git(origin, "rev-parse", f"{KEPT}/{dropped}") == dropped
    assert rederived(origin, log).unchecked == 0


def test_what_git_dropped_is_named_and_the_rest_is_checked(origin: Path, log: Path) -> None:
    at = long_history(origin, log)
    drop_what_no_branch_leads_to(origin)
    found = rederived(origin, log)
    assert found.difference is None
    assert found.gone[:2] == [at["first"], at["shift"]]
    assert found.checked > 0
    assert found.checked + found.unchecked == length(log)


def test_behind_what_is_gone_a_forgery_is_still_found(origin: Path, log: Path) -> None:
    put(origin, SHOP)
    follow(origin, log)
    put(origin, shares(80, 20), parents=[])
    follow(origin, log)
    drop_what_no_branch_leads_to(origin)
    forge(log, replaced(length(log), '"weight":20', '"weight":21'))
    difference = rederived(origin, log).difference
    assert difference is not None
    assert difference.startswith(f"event {length(log)} (TrafficShifted of mesh/shop/")


def test_a_shallow_clone_checks_what_it_has(origin: Path, log: Path, tmp_path: Path) -> None:
    put(origin, SHOP)
    put(origin, shares(90, 10))
    put(origin, shares(80, 20))
    follow(origin, log)
    clone = tmp_path / "clone.git"
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=2", origin.as_uri(), str(clone))
    found = rederived(clone, log)
    assert (found.difference, found.unchecked, found.checked) == (None, SIZE, 4)


# ---- other words --------------------------------------------------------------------------------


def test_other_words_for_the_same_problems_are_no_difference(
    origin: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(origin, SHOP)
    bad = put(origin, shares(1, 1, "cart-v3"))
    put(origin, {"README": "no specs any more"})
    follow(origin, log)
    listed = planning._listed
    monkeypatch.setattr(
        planning,
        "_listed",
        lambda problems: listed(
            dataclasses.replace(p, message=f"Oh! {p.message}", hint="") for p in problems
        ),
    )
    found = rederived(origin, log)
    assert found.difference is None
    assert found.reworded[0] == bad
    assert len(found.reworded) == 2, "warnings are told in words, too"


# ---- forgeries, sealed anew ---------------------------------------------------------------------

SHIFT = SIZE + 2
REJECTED = SIZE + 3
FORGERIES: dict[str, tuple[Edit, str]] = {
    "a weight": (
        replaced(SHIFT, '"weight":10', '"weight":11'),
        f"event {SHIFT} (TrafficShifted of mesh/shop/virtualRouter/cart/route/all): its data at "
        "$.spec.httpRoute.action.weightedTargets[1].weight",
    ),
    "an author": (
        changed(SHIFT - 1, actor="Mallory <m@example.com>"),
        f"event {SHIFT - 1} (CommitApplied of {{shift}}): its actor is 'Mallory",
    ),
    "a message": (
        replaced(SHIFT - 1, '"message":"change"', '"message":"chance"'),
        f"event {SHIFT - 1} (CommitApplied of {{shift}}): its data at $.message",
    ),
    "a kind": (
        retold(SHIFT, "ResourceChanged", "weights", fields=[]),
        f"event {SHIFT} (ResourceChanged of mesh/shop/virtualRouter/cart/route/all): its kind",
    ),
    "a verdict": (
        retold(
            REJECTED, "CommitApplied", "problems", "omitted", restores=None, changes=0, warnings=[]
        ),
        f"event {REJECTED} (CommitApplied of {{bad}}): its kind is 'CommitApplied'",
    ),
    "the line of a problem": (
        replaced(REJECTED, '"line":', '"line":1'),
        f"event {REJECTED} (CommitRejected of {{bad}}): its data at $.problems[0].line",
    ),
    "a space": (
        replaced(SHIFT, '"path":', '"path": '),
        f"event {SHIFT} (TrafficShifted of mesh/shop/virtualRouter/cart/route/all): its data is "
        "not canonical",
    ),
    "a fraction, which gitmesh never writes": (
        replaced(SHIFT, '"weight":10', '"weight":10.5'),
        f"event {SHIFT} (TrafficShifted of mesh/shop/virtualRouter/cart/route/all): its data is "
        "not canonical",
    ),
    "a resource left out": (
        without(SHIFT, SHIFT),
        f"event {SHIFT} should be TrafficShifted of mesh/shop/virtualRouter/cart/route/all",
    ),
    "a commit left out": (
        without(SHIFT - 1, SHIFT),
        f"event {SHIFT - 1} (CommitRejected of {{bad_}}): by git, the commit before it is",
    ),
    "the beginning left out": (
        without(1, SIZE),
        "event 1 (CommitApplied of {shift_}): by git, the commit before it is {first_}; by the "
        "log it is none",
    ),
    "a resource made up": (
        lambda rows: [*rows[:SHIFT], rows[SHIFT - 1], *rows[SHIFT:]],
        f"event {SHIFT + 1} (TrafficShifted of mesh/shop/virtualRouter/cart/route/all): by git, "
        "commit {shift_} has 2 events and not this one",
    ),
    "two commits swapped": (
        moved(REJECTED, SHIFT - 1),
        f"event {SHIFT - 1} (CommitRejected of {{bad_}}): by git, the commit before it is",
    ),
    "a commit made up": (
        lambda rows: [
            *rows[:REJECTED],
            rows[REJECTED - 1]._replace(subject="f" * 40, commit="f" * 40),
            *rows[REJECTED:],
        ],
        f"event {REJECTED + 2} (CommitApplied of {{back_}}): by git, the commit before it is "
        "{bad_}; by the log it is fffffff",
    ),
    "data that makes no sense": (
        retold(SHIFT, "TrafficShifted", "weights"),
        f"event {SHIFT} (TrafficShifted of mesh/shop/virtualRouter/cart/route/all): its data at $ ",
    ),
    "a resource of no commit": (
        lambda rows: [rows[1], *rows],
        "event 1 belongs to no commit",
    ),
    "a force push that never was": (
        lambda rows: [
            *rows[: REJECTED - 1],
            rows[-2]._replace(kind="HistoryRewritten", data=rows[-2].data),
            *rows[REJECTED - 1 :],
        ],
        f"event {REJECTED} (HistoryRewritten): the commit before it in the log is {{shift_}}",
    ),
    "another way of a force push": (
        lambda rows: [
            *rows[:-2],
            rows[-2]._replace(data=rows[-2].data.replace('"rewritten"', '"foxtrot"')),
            rows[-1],
        ],
        "event {last} (HistoryRewritten from {back_} to {root_}): git shows another relation",
    ),
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("followed")
    origin, log = Repo(folder).origin, folder / "log.db"
    at = {"first": put(origin, SHOP), "shift": put(origin, shares(90, 10))}
    at["bad"] = put(origin, shares(90, 10, "cart-v3"))
    at["back"] = put(origin, SHOP)
    follow(origin, log)
    at["root"] = put(origin, SHOP, parents=[], message="again")
    follow(origin, log)
    return origin, log, at


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_that_is_sealed_anew_is_named(
    followed: tuple[Path, Path, dict[str, str]], tmp_path: Path, name: str
) -> None:
    origin, original, at = followed
    log = tmp_path / "forged.db"
    log.write_bytes(original.read_bytes())
    edit, expected = FORGERIES[name]
    forge(log, edit)
    shorts = {f"{key}_": commit[:7] for key, commit in at.items()}
    difference = rederived(origin, log).difference
    assert difference is not None
    assert difference.startswith(expected.format(**at, **shorts, last=length(original) - 1))


def test_nothing_is_different_where_nothing_was_forged(
    followed: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    origin, original, _ = followed
    log = tmp_path / "copy.db"
    log.write_bytes(original.read_bytes())
    unchanged: Callable[[list[object]], list[object]] = list
    forge(log, unchanged)  # type: ignore[arg-type]
    assert rederived(origin, log).checked == length(log)
