"""Pushes of every kind, with the resulting log and published mesh."""

import asyncio
import shutil
from pathlib import Path

import pytest

from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    HistoryRewritten,
    ResourceAdded,
    ResourceRemoved,
    SourceDegraded,
    SourceRecovered,
    TrafficShifted,
)
from mesh.keys import Kind, ResourceKey
from tests.reconciler.following import catch_up, following, mesh_of, run
from tests.support.git import Repo, git, put
from tests.support.meshes import a_node, a_route, shop_mesh
from tests.support.specs import files, text

ROUTE = "mesh/shop/virtualRouter/cart/route/all.yaml"


def shift(v1: int, v2: int) -> dict[str, str]:
    return {ROUTE: text(a_route("cart", "all", {"cart-v1": v1, "cart-v2": v2}))}


BROKEN = {ROUTE: text(a_route("cart", "all", {"cart-v3": 1}))}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def test_a_push_is_logged_and_published(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            second = repo.commit_and_push(shift(90, 10), "Shift\n\nTicket: CHG-1")
            state = await at.until(second)

            assert state.resources == mesh_of(repo.origin)
            applied, shifted = at.events()[-2:]
            assert isinstance(applied, CommitApplied)
            assert applied.facts.commit == second
            assert applied.facts.trailers == (("Ticket", "CHG-1"),)
            assert applied.changes == 1
            assert isinstance(shifted, TrafficShifted)
            published = at.latest.all[-1]
            assert published.moved_ns is not None
            assert published.seen_ns is not None
            assert published.planned_ns is not None
            assert published.moved_ns <= published.seen_ns <= published.planned_ns

    run(steps())


def test_a_bad_commit_changes_nothing_and_says_why(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        good = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            before = await at.until(good)
            bad = repo.commit_and_push(BROKEN)
            after = await at.until(bad)

            assert after.resources == before.resources
            assert after.commit == good
            rejected = at.events()[-1]
            assert isinstance(rejected, CommitRejected)
            (problem,) = rejected.problems
            assert problem["code"] == "dangling-reference"
            assert problem["path"] == ROUTE
            assert problem["line"] == 9

            mended = repo.commit_and_push(shift(50, 50))
            assert (await at.until(mended)).resources == mesh_of(repo.origin)

    run(steps())


def test_changes_of_rejected_commits_count_when_the_mesh_is_mended(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            repo.commit_and_push({"new.yaml": text(a_node("new", 80)), **BROKEN})
            last = repo.commit_and_push(shift(100, 0))
            state = await at.until(last)
            assert state.resources == mesh_of(repo.origin)
            assert isinstance(at.events()[-1], ResourceAdded)
            assert isinstance(at.events()[-2], CommitApplied)

    run(steps())


def test_after_a_restart_changes_of_rejected_commits_still_count(repo: Repo, log: Path) -> None:
    repo.commit_and_push(files(shop_mesh()))
    repo.commit_and_push({"new.yaml": text(a_node("new", 80)), **BROKEN})
    catch_up(repo.origin, log)

    async def steps() -> None:
        async with following(repo.origin, log) as at:
            await at.until(repo.head())
            last = repo.commit_and_push(shift(100, 0))
            assert (await at.until(last)).resources == mesh_of(repo.origin)

    run(steps())


def test_a_push_of_many_commits_logs_all_and_publishes_the_last(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            ids = [repo.commit(shift(90, n)) for n in range(10)]
            repo.push()
            await at.until(ids[-1])
            assert at.latest.tips == [first, ids[-1]]
            assert at.story() == [f"applied {each}" for each in (first, *ids)]

    run(steps())


def test_one_push_of_many_commits_and_many_pushes_give_the_same_chain(
    repo: Repo, tmp_path: Path
) -> None:
    contents = [
        files(shop_mesh()),
        shift(90, 10),
        BROKEN | {"new.yaml": text(a_node("new", 80))},
        {"other.yaml": "kind: ["},
        {"other.yaml": "", **shift(100, 0)},
        {"gitmesh.yaml": "root: nowhere"},
        {"gitmesh.yaml": "ignore: [new.yaml]"},
        shift(90, 10),
    ]
    singly = tmp_path / "singly.db"

    async def steps() -> None:
        repo.commit_and_push(contents[0])
        async with following(repo.origin, singly) as at:
            for content in contents[1:]:
                await at.until(repo.commit_and_push(content))

    run(steps())
    assert catch_up(repo.origin, singly) == catch_up(repo.origin, tmp_path / "at-once.db")


def test_a_revert_restores_the_commit_before(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            start = await at.until(first)
            shifted = repo.commit_and_push(shift(90, 10))
            await at.until(shifted)
            undone = repo.revert(shifted)
            repo.push()
            state = await at.until(undone)
            assert state.resources == start.resources
            applied = [e for e in at.events() if isinstance(e, CommitApplied)]
            assert applied[-1].restores == first
            assert applied[-1].facts.reverts == (shifted,)

            redone = repo.revert(undone)
            repo.push()
            await at.until(redone)
            applied = [e for e in at.events() if isinstance(e, CommitApplied)]
            assert applied[-1].restores == shifted

    run(steps())


def test_a_commit_that_changes_no_file_restores_nothing(repo: Repo, log: Path) -> None:
    repo.commit_and_push(files(shop_mesh()))
    repo.commit_and_push()

    async def steps() -> None:
        async with following(repo.origin, log) as at:
            await at.until(repo.head())
            last = at.events()[-1]
            assert isinstance(last, CommitApplied)
            assert last.restores is None
            assert last.changes == 0

    run(steps())


# ---- merges -------------------------------------------------------------------------------------


def test_fast_forward_true_octopus_and_squash_merges_follow_first_parents(
    repo: Repo, log: Path
) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            repo.git("checkout", "-q", "-b", "forward")
            forward = [repo.commit({"f.yaml": text(a_node("f", n))}) for n in (1, 2)]
            repo.git("checkout", "-q", "main")
            repo.git("merge", "-q", "--ff-only", "forward")
            await at.until(repo.push())
            assert at.story()[1:] == [f"applied {each}" for each in forward]

            sides = []
            for name in ("p", "q", "r"):
                repo.git("checkout", "-q", "-b", name, "main")
                sides.append(repo.commit({f"{name}.yaml": text(a_node(name, 80))}))
            repo.git("checkout", "-q", "main")
            repo.git("merge", "-q", "--no-ff", "-m", "true", "p")
            true = repo.head()
            repo.git("merge", "-q", "-m", "octopus", "q", "r", forward[-1])
            octopus = repo.push()
            state = await at.until(octopus)
            assert at.story()[3:] == [f"applied {true}", f"applied {octopus}"]
            assert state.resources == mesh_of(repo.origin)

            repo.git("checkout", "-q", "-b", "squash")
            repo.commit(shift(1, 1))
            repo.commit(shift(2, 2))
            repo.git("checkout", "-q", "main")
            repo.git("merge", "-q", "--squash", "squash")
            squashed = repo.commit_and_push()
            await at.until(squashed)
            assert at.story()[5:] == [f"applied {squashed}"]

            undone = repo.revert(true, "-m", "1")
            repo.push()
            state = await at.until(undone)
            assert ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "p") not in state.resources

    run(steps())


def test_a_foxtrot_merge_is_recorded_and_ends_at_its_tree(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            theirs = repo.commit_and_push(shift(90, 10))
            await at.until(theirs)
            repo.git("checkout", "-q", "-b", "mine", first)
            mine = repo.commit({"mine.yaml": text(a_node("mine", 80))})
            repo.git("merge", "-q", "-m", "foxtrot", theirs)
            tip = repo.push()
            state = await at.until(tip)
            assert state.resources == mesh_of(repo.origin)
            assert at.story()[2:] == ["foxtrot", f"applied {mine}", f"applied {tip}"]

    run(steps())


# ---- rewritten history --------------------------------------------------------------------------


def test_a_force_push_to_an_older_commit_applies_it_again(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        second = repo.commit_and_push(shift(90, 10))
        third = repo.commit_and_push(shift(50, 50))
        async with following(repo.origin, log) as at:
            await at.until(third)
            repo.reset(second)
            repo.push(force=True)
            state = await at.until(second)
            assert state.resources == mesh_of(repo.origin, second)
            rewritten, applied, shifted = at.events()[-3:]
            assert isinstance(rewritten, HistoryRewritten)
            assert (rewritten.before, rewritten.after) == (third, second)
            assert rewritten.merge_base == second
            assert rewritten.dropped == (third,)
            assert isinstance(applied, CommitApplied)
            assert applied.restores == second
            assert isinstance(shifted, TrafficShifted)
            assert first != second

    run(steps())


def test_a_force_push_sideways_logs_the_new_line_from_the_fork(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        base = repo.commit_and_push(files(shop_mesh()))
        old = repo.commit_and_push(shift(90, 10))
        async with following(repo.origin, log) as at:
            await at.until(old)
            repo.reset(base)
            new = [repo.commit(shift(n, n)) for n in (1, 2)]
            repo.push(force=True)
            state = await at.until(new[-1])
            assert state.resources == mesh_of(repo.origin)
            assert at.story()[2:] == ["rewritten", f"applied {new[0]}", f"applied {new[1]}"]

    run(steps())


def test_a_force_push_of_an_orphan_root_starts_over(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        old = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(old)
            repo.git("checkout", "-q", "--orphan", "fresh")
            new = repo.commit({ROUTE: None, "mesh/shop/virtualNode/web.yaml": None})
            repo.push(force=True)
            await at.until(new)
            rewritten, rejected = at.events()[-2:]
            assert isinstance(rewritten, HistoryRewritten)
            assert rewritten.merge_base is None
            assert isinstance(rejected, CommitRejected)

    run(steps())


def test_old_objects_may_be_gone_after_a_rewrite(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        base = repo.commit_and_push(files(shop_mesh()))
        old = repo.commit_and_push(shift(90, 10))
        async with following(repo.origin, log) as at:
            await at.until(old)
        repo.reset(base)
        new = repo.commit(shift(1, 1))
        repo.push(force=True)
        _forget(repo.origin)
        async with following(repo.origin, log) as at:
            state = await at.until(new)
            assert state.resources == mesh_of(repo.origin)
            assert at.story()[2:] == ["rewritten", f"applied {new}"]
            # And while it runs, with the tree that it holds gone, too.
            repo.reset(base)
            _forget(repo.origin)
            newer = repo.commit(shift(2, 2))
            repo.push(force=True)
            _forget(repo.origin)
            state = await at.until(newer)
            assert state.resources == mesh_of(repo.origin)

    run(steps())


def _forget(origin: Path) -> None:
    git(origin, "reflog", "expire", "--expire=now", "--all")
    git(origin, "gc", "--quiet", "--prune=now")


# ---- the branch and the repository --------------------------------------------------------------


def test_packing_and_collecting_change_nothing(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            git(repo.origin, "pack-refs", "--all")
            assert not (repo.origin / "refs/heads/main").exists()
            git(repo.origin, "gc", "--quiet")
            second = repo.commit_and_push(shift(90, 10))
            await at.until(second)
            assert at.latest.tips == [first, second]
            assert at.events(Chain.DELIVERY) == []

    run(steps())


def test_an_empty_repository_is_served_empty_until_the_first_commit(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        async with following(repo.origin, log) as at:
            assert (await at.until(None)).resources == {}
            await at.true(lambda: len(at.events(Chain.DELIVERY)) == 1)
            first = repo.commit_and_push(files(shop_mesh()))
            assert (await at.until(first)).resources == mesh_of(repo.origin)
            await at.true(lambda: len(at.events(Chain.DELIVERY)) == 2)
            degraded, recovered = at.events(Chain.DELIVERY)
            assert isinstance(degraded, SourceDegraded)
            assert degraded.reason == "branch-missing"
            assert recovered == SourceRecovered("branch-missing")

    run(steps())


def test_a_deleted_branch_is_served_on_and_may_come_back(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            git(repo.origin, "update-ref", "-d", "refs/heads/main")
            await at.true(lambda: len(at.events(Chain.DELIVERY)) == 1)
            assert at.latest.tips == [first]
            repo.git("checkout", "-q", "--orphan", "fresh")
            other = repo.commit(shift(90, 10))
            repo.push()
            await at.until(other)
            await at.true(lambda: len(at.events(Chain.DELIVERY)) == 2)
            assert at.story()[1:] == ["rewritten", f"applied {other}"]

    run(steps())


def test_a_repository_that_vanishes_is_served_on_and_may_come_back(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log) as at:
            await at.until(first)
            aside = repo.origin.with_name("aside.git")
            repo.origin.rename(aside)
            await at.true(lambda: _reasons(at.events(Chain.DELIVERY)) >= {"repository-missing"})
            assert at.latest.tips == [first]
            shutil.copytree(aside, repo.origin)
            second = repo.commit_and_push(shift(90, 10))
            await at.until(second)
            await at.true(
                lambda: SourceRecovered("repository-missing") in at.events(Chain.DELIVERY)
            )
            third = repo.commit_and_push(shift(80, 20))
            await at.until(third)

    run(steps())


def _reasons(events: object) -> set[str]:
    assert isinstance(events, list)
    return {event.reason for event in events if isinstance(event, SourceDegraded)}


def test_while_the_repository_is_gone_the_log_is_served_after_a_restart(
    repo: Repo, log: Path
) -> None:
    first = repo.commit_and_push(files(shop_mesh()))
    catch_up(repo.origin, log)
    git(repo.origin, "update-ref", "-d", "refs/heads/main")

    async def steps() -> None:
        async with following(repo.origin, log) as at:
            state = await at.until(first)
            assert len(state.resources) == len(shop_mesh())

    run(steps())


def test_a_detached_head_is_followed_as_it_stands(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit(files(shop_mesh()))
        repo.git("checkout", "-q", "--detach")
        async with following(repo.work, log) as at:
            await at.until(first)
            second = repo.commit(shift(90, 10))
            await at.until(second)

    run(steps())


def test_switching_branches_in_a_work_tree_shifts_no_traffic(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit(files(shop_mesh()))
        async with following(repo.work, log) as at:
            await at.until(first)
            repo.git("checkout", "-q", "-b", "feature")
            repo.commit(shift(1, 1))
            repo.git("checkout", "-q", "main")
            second = repo.commit(shift(2, 2))
            await at.until(second)
            assert at.story() == [f"applied {first}", f"applied {second}"]

    run(steps())


def test_a_branch_of_another_name_is_followed_on_request(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, log, branch="prod") as at:
            assert (await at.until(None)).resources == {}
            repo.commit_and_push(shift(90, 10))
            repo.git("push", "-q", "origin", f"{first}:refs/heads/prod")
            await at.until(first)
            assert at.latest.tips == [None, first]

    run(steps())


def test_a_work_tree_is_followed_by_its_commits_not_its_files(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit(files(shop_mesh()))
        async with following(repo.work, log) as at:
            await at.until(first)
            (repo.work / ROUTE).write_text("never committed: [")
            second = repo.commit({ROUTE: shift(90, 10)[ROUTE]})
            assert (await at.until(second)).resources == mesh_of(repo.work)

    run(steps())


def test_a_repository_without_specs_empties_the_mesh_with_a_warning(repo: Repo, log: Path) -> None:
    async def steps() -> None:
        first = repo.commit_and_push({"a.yaml": text(*shop_mesh())})
        async with following(repo.origin, log) as at:
            await at.until(first)
            assert (await at.until(repo.commit_and_push({"a.yaml": None}))).resources == {}
            applied = next(e for e in reversed(at.events()) if isinstance(e, CommitApplied))
            assert [warning["code"] for warning in applied.warnings] == ["no-specs"]
            assert isinstance(at.events()[-1], ResourceRemoved)

    run(steps())


def test_a_burst_of_pushes_ends_at_the_tip_with_each_commit_logged_once(
    repo: Repo, log: Path
) -> None:
    async def steps() -> None:
        base = files(shop_mesh())
        first = put(repo.origin, base)
        async with following(repo.origin, log) as at:
            await at.until(first)
            ids = await _burst(repo.origin, base, 200)
            state = await at.until(ids[-1])
            assert state.resources == mesh_of(repo.origin)
            story = at.story()
            assert [line.split()[1] for line in story] == [first, *ids]
            assert sum(line.startswith("rejected") for line in story) == 20
            # What was published came in the order of history.
            places = [[first, *ids].index(str(tip)) for tip in at.latest.tips]
            assert places == sorted(set(places))

    run(steps())


async def _burst(origin: Path, base: dict[str, str], count: int) -> list[str]:
    ids = []
    for n in range(count):
        content = BROKEN if n % 10 == 5 else shift(99 - n % 99, n % 99 + 1)
        ids.append(await asyncio.to_thread(put, origin, {**base, **content}, minute=n))
        await asyncio.sleep(0.01)
    return ids
