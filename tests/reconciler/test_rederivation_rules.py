"""Rederivation of the mesh chain: other rules, progress, lost commits, the branch's way."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from events.integrity.chain import Row
from events.opening import open_for_reading, open_for_writing
from events.types import Chain, CommitId, Seq
from mesh.errors import Fatal
from reconciler import rederivation
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.rederivation import (
    DecidedByOtherRules,
    Rederivation,
    continues,
    led_to,
    rederive,
)
from reconciler.rules import RULES, Stretch
from tests.support.forger import changed, forge, replaced, without
from tests.support.git import Repo, git, put
from tests.support.meshes import a_route, shop_mesh
from tests.support.specs import files, text

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
SHOP = files(shop_mesh())
SIZE = len(SHOP) + 1
"""Events of the first commit; each shift has two more: the commit, and the route."""
SHIFT = SIZE + 2


def shares(v1: int, v2: int) -> dict[str, str]:
    route = text(a_route("cart", "all", {"cart-v1": v1, "cart-v2": v2}))
    return {**SHOP, f"{ROUTE}.yaml": route}


class Logged:
    """Three commits, and their log: a mesh and two shifts of traffic."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.log = Repo(folder).origin, folder / "log.db"
        pushed = (SHOP, shares(90, 10), shares(80, 20))
        self.commits = [CommitId(put(self.origin, each)) for each in pushed]
        self.follow()
        self.size = SIZE + 4

    @property
    def repo(self) -> GitRepository:
        return GitRepository.open(self.origin)

    def follow(self) -> None:
        with open_for_writing(self.log) as log:
            while Follower(self.repo, log).catch_up() is not None:
                pass

    def clone(self, name: str, *options: str) -> GitRepository:
        path = self.origin.with_name(name)
        git(self.origin, "clone", "-q", "--bare", *options, self.origin.as_uri(), str(path))
        return GitRepository.open(path)

    def rederived(self, *rules: Stretch, repo: GitRepository | None = None) -> Rederivation:
        known = rules or (Stretch(RULES, Seq(1)),)
        with open_for_reading(self.log) as log:
            return rederive(repo or self.repo, log.rows(Chain.MESH), known)

    def progress(self, whole: int = 0) -> Sequence[tuple[str, int, int]]:
        told: list[tuple[str, int, int]] = []
        with open_for_reading(self.log) as log:
            rows, repo = log.rows(Chain.MESH), self.repo
            rederive(repo, rows, whole=whole, progress=lambda *step: told.append(step))
        return told


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    return Logged(tmp_path)


def until(last: int) -> tuple[Stretch, Stretch]:
    """Return other rules up to a position, and the current ones from there."""
    return Stretch(RULES - 1, Seq(1), Seq(last)), Stretch(RULES, Seq(last + 1))


# ---- other rules --------------------------------------------------------------------------------


def test_what_other_rules_decided_alike_is_checked_in_full(logged: Logged) -> None:
    found = logged.rederived(Stretch(RULES - 1, Seq(1)))
    assert (found.difference, found.otherwise) == (None, [])
    assert (found.checked, found.tip) == (logged.size, logged.commits[-1])


def test_what_other_rules_decided_otherwise_is_reported_and_is_no_difference(
    logged: Logged,
) -> None:
    forge(logged.log, replaced(SHIFT, '"weight":10', '"weight":11'))
    assert logged.rederived().difference is not None
    old = Stretch(RULES - 1, Seq(1))
    found = logged.rederived(old)
    assert found.difference is None
    first, *_ = found.otherwise
    assert (first.stretch, first.first, first.last) == (old, SHIFT - 1, SHIFT)
    assert first.difference.startswith(f"event {SHIFT} (TrafficShifted of {ROUTE}): its data")
    assert found.tip == logged.commits[-1]


def test_after_other_rules_every_resource_is_compared(logged: Logged) -> None:
    """The log's mesh has a share that git never had; a commit that leaves it so is found."""
    put(logged.origin, {**shares(80, 20), "README": "nothing"})
    logged.follow()
    forge(logged.log, replaced(logged.size, '"weight":20', '"weight":21'))
    found = logged.rederived(*until(logged.size))
    assert [each.last for each in found.otherwise] == [logged.size]
    assert found.difference is not None
    assert found.difference.startswith(f"event {logged.size + 1} (CommitApplied of ")
    assert found.difference.endswith("its data at $.changes does not match git")


def test_what_contradicts_git_under_any_rules_is_a_difference(logged: Logged) -> None:
    forge(logged.log, changed(SHIFT - 1, actor="Mallory <m@example.com>"))
    found = logged.rederived(Stretch(RULES - 1, Seq(1)))
    assert found.difference is not None
    assert found.difference.startswith(f"event {SHIFT - 1} (CommitApplied of ")
    assert found.otherwise == []


def test_after_many_differing_commits_others_are_not_tried(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rederivation, "MOST_OTHERWISE", 1)
    forge(logged.log, replaced(SHIFT, '"weight":10', '"weight":11'))
    old = Stretch(RULES - 1, Seq(1))
    one, other = logged.rederived(old).otherwise
    assert one.difference
    assert other == DecidedByOtherRules(old, Seq(SHIFT + 1), Seq(SHIFT + 2), difference="")


# ---- progress, and chains that cannot be read ---------------------------------------------------


def test_progress_is_told_at_intervals(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    assert logged.progress() == [("comparing with git", 0, 0)], "few events are one step"
    monkeypatch.setattr(rederivation, "_PROGRESS_EVERY", SIZE)
    told = logged.progress(whole=logged.size)
    assert told == [("comparing with git", done, logged.size) for done in (0, SIZE)]
    monkeypatch.setattr(rederivation, "_PROGRESS_EVERY", 1)
    assert [done for _, done, _ in logged.progress()] == [0, SIZE, SHIFT]


def test_a_chain_that_cannot_be_read_on_is_a_difference(logged: Logged) -> None:
    def rows() -> Iterator[Row]:
        with open_for_reading(logged.log) as log:
            yield from list(log.rows(Chain.MESH))[: SHIFT + 1]
        raise Fatal("the log is damaged")

    found = rederive(logged.repo, rows())
    assert found.difference == "the log is damaged"
    assert found.checked == SHIFT


# ---- lost commits, and force pushes --------------------------------------------------------------


def test_a_chain_may_begin_where_a_shallow_clone_begins(logged: Logged) -> None:
    shallow = logged.clone("shallow.git", "--depth=1")
    logged.log = logged.log.with_name("another.db")
    with open_for_writing(logged.log) as log:
        Follower(shallow, log).catch_up()
    found = logged.rederived(repo=shallow)
    assert (found.difference, found.checked) == (None, SIZE)
    assert logged.rederived().difference is not None, "git has the commit before it"


def test_a_commit_left_out_is_found_though_git_lacks_it(logged: Logged) -> None:
    shallow = logged.clone("shallow.git", "--depth=1")
    forge(logged.log, without(SHIFT - 1, SHIFT))
    difference = logged.rederived(repo=shallow).difference
    assert difference is not None
    assert difference.startswith(f"event {SHIFT - 1} (CommitApplied of {logged.commits[2][:7]})")


def test_what_is_no_event_of_a_commit_has_no_place_in_one_that_git_lacks(logged: Logged) -> None:
    shallow = logged.clone("shallow.git", "--depth=1")
    forge(logged.log, changed(SHIFT, kind="ServerStarted", data='{"version":"1"}'))
    difference = logged.rederived(repo=shallow).difference
    assert difference is not None
    assert difference.startswith(f"event {SHIFT} (ServerStarted of ")
    assert difference.endswith("does not belong there")


def test_a_force_push_is_checked_against_git_as_it_was_and_as_it_is(logged: Logged) -> None:
    """The server's repository was made anew and lacked what the force push dropped."""
    put(logged.origin, SHOP, parents=[], message="again")
    anew = logged.clone("anew.git")
    with open_for_writing(logged.log) as log:
        while Follower(anew, log).catch_up() is not None:
            pass
    for repo in (anew, logged.repo):
        found = logged.rederived(repo=repo)
        assert (found.difference, found.rewritten) == (None, [logged.size + 1])
    assert found.unchecked == 0


# ---- the way of the branch ----------------------------------------------------------------------


def test_new_commits_alone_continue_a_branch(logged: Logged) -> None:
    first, second, third = logged.commits
    root = CommitId(put(logged.origin, SHOP, parents=[]))
    assert continues(logged.repo, None, third)
    assert continues(logged.repo, first, third)
    assert continues(logged.repo, third, third)
    assert not continues(logged.repo, third, second), "the branch was set back"
    assert not continues(logged.repo, third, root)


def test_the_newest_commit_on_the_way_of_first_parents_is_found(logged: Logged) -> None:
    first, second, third = logged.commits
    merge = CommitId(put(logged.origin, SHOP, parents=[first, third]))
    assert led_to(logged.repo, third, {first}) == first
    assert led_to(logged.repo, third, {first, second}) == second
    assert led_to(logged.repo, third, {third}) == third
    assert led_to(logged.repo, third, {merge}) is None
    assert led_to(logged.repo, merge, {second}) is None, "it is no first parent"
    git(logged.origin, "update-ref", "refs/heads/main", third)
    shallow = logged.clone("clone.git", "--depth=1")
    assert led_to(shallow, third, {second}) == second, "it is named, though it cannot be read"
    assert led_to(shallow, third, {first}) is None
