"""Changes that wait at the same time: each its own commit, and the branch moves once for many."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from events.logged_commits import LoggedCommits
from events.opening import open_for_reading, open_for_writing
from events.types import Chain, CommitId
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.changes.resource_change import Mesh, Wanted
from gitmesh.service.resources.change import InvalidChange, ResourceChanges
from gitmesh.service.resources.group_commit import Change
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import spec_json
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Person
from reconciler.known_commits import ReadSteps
from tests.support.git import git, put
from tests.support.meshes import a_route, shop_mesh
from tests.support.specs import files, text

KEY = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")
ROUTE = "mesh/shop/virtualRouter/cart/route/all.yaml"
WHO = Authorship(Person("Ada", "ada@example.com"), Person("gitmesh", "gitmesh@localhost"))
MANY = 20


class Server:
    """A repository whose commits are logged, as in a server."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "origin.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.origin)], check=True)
        git(self.origin, "config", "core.logAllRefUpdates", "true")
        put(self.origin, {**files(shop_mesh()), ROUTE: route(50)})
        self.log, steps, logged = folder / "log.db", ReadSteps(), LoggedCommits()
        self._writing = open_for_writing(self.log)
        self.follower = Follower(
            GitRepository.open(self.origin), self._writing, steps=steps, logged=logged
        )
        self.follower.catch_up()
        self._reading = open_for_reading(self.log)
        self.changes = ResourceChanges(self.origin, None, self._reading, logged, steps=steps)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended.is_set():
            self.follower.catch_up()
            time.sleep(0.002)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._reading.close()
        self._writing.close()

    def moves(self) -> int:
        """Return how often the branch was moved."""
        return len(git(self.origin, "reflog", "show", "main").splitlines())

    def subjects(self) -> list[str]:
        return git(self.origin, "log", "--format=%s", "--reverse").splitlines()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    yield found
    found.close()


def route(left: int) -> str:
    return text(a_route("cart", "all", {"cart-v1": left, "cart-v2": 100 - left}))


def shift(left: int) -> Callable[[Mesh], Wanted]:
    def wanted(now: Mesh) -> Wanted:
        spec = spec_json(now.graph.resources[KEY].spec)
        action: JsonObject = {
            "weightedTargets": [
                {"virtualNode": "cart-v1", "weight": left},
                {"virtualNode": "cart-v2", "weight": 100 - left},
            ]
        }
        held = next(iter(spec))
        inner = spec[held]
        assert isinstance(inner, dict)
        return Wanted({KEY: {**spec, held: {**inner, "action": action}}})

    return wanted


def broken(_: Mesh) -> Wanted:
    node = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v1")
    return Wanted({node: None})


def together(changes: ResourceChanges, asked: list[Change]) -> list["Future[CommitId | None]"]:
    """Ask for all changes while the first one is planned."""
    is_planned, all_wait = threading.Event(), threading.Event()

    def first(now: Mesh) -> Wanted:
        is_planned.set()
        assert all_wait.wait(60)
        return shift(99)(now)

    with ThreadPoolExecutor(len(asked) + 1) as threads:
        found = [threads.submit(changes.make, Change(first, "first", WHO))]
        assert is_planned.wait(60)
        for number, change in enumerate(asked):
            while len(changes._group_commit._waiting) < number:
                time.sleep(0.001)
            found.append(threads.submit(changes.make, change))
        while len(changes._group_commit._waiting) < len(asked):
            time.sleep(0.001)
        all_wait.set()
    return found


def test_each_change_is_a_commit_in_the_order_of_the_calls(server: Server) -> None:
    before = server.moves()
    asked = [Change(shift(left), f"shift {left}", WHO) for left in range(MANY)]
    found = [each.result() for each in together(server.changes, asked)]
    assert len(set(found)) == MANY + 1
    assert server.subjects()[1:] == ["first", *(change.message for change in asked)]
    assert server.moves() - before <= 4, "the branch moves once for many commits"
    with open_for_reading(server.log) as log:
        assert all(made is not None and log.is_logged(made) for made in found)
    assert f"weight: {MANY - 1}\n" in git(server.origin, "show", f"main:{ROUTE}")
    assert git(server.origin, "fsck", "--strict") == ""


def test_commits_that_are_logged_together_are_logged_as_if_each_were_read(
    server: Server, tmp_path: Path
) -> None:
    there_and_back = [*range(6), *range(6)]
    asked = [Change(shift(left), f"shift {left}", WHO) for left in there_and_back]
    assert all(each.result() for each in together(server.changes, asked))
    with open_for_writing(tmp_path / "other.db") as other, open_for_reading(server.log) as log:
        Follower(GitRepository.open(server.origin), other).catch_up()
        assert log.head(Chain.MESH) == other.head(Chain.MESH)
        assert log.state() == other.state()
        found = [record for record in log.read(Chain.MESH) if record.kind == "CommitApplied"]
    times = [record.at for record in found]
    assert times == sorted(set(times)), "each commit has its own time"


def test_a_change_that_is_refused_is_no_commit_and_stops_no_other(server: Server) -> None:
    def fails(_: Mesh) -> Wanted:
        raise ValueError("no")

    asked = [
        Change(shift(1), "one", WHO),
        Change(broken, "broken", WHO),
        Change(fails, "fails", WHO),
        Change(shift(1), "nothing", WHO),
        Change(shift(2), "two", WHO),
    ]
    _, one, wrong, failed, nothing, two = together(server.changes, asked)
    assert one.result() is not None
    assert two.result() is not None
    assert nothing.result() is None, "it is what the change before it made"
    assert isinstance(wrong.exception(), InvalidChange)
    assert isinstance(failed.exception(), ValueError)
    assert server.subjects()[1:] == ["first", "one", "two"]


def test_a_change_sees_that_one_with_its_id_was_made_before_it(server: Server) -> None:
    made: list[str] = []

    def once(now: Mesh) -> Wanted:
        return Wanted() if made else shift(7)(now)

    asked = [
        Change(once, "once", WHO, made=lambda: made.append("x"), ids=frozenset({"token"}))
        for _ in range(3)
    ]
    found = [each.result() for each in together(server.changes, asked)[1:]]
    assert [each is None for each in found] == [False, True, True]
    assert server.subjects()[1:] == ["first", "once"]


def test_a_push_in_between_lets_all_be_planned_again(server: Server) -> None:
    pushed: list[str] = []

    def racing(now: Mesh) -> Wanted:
        if not pushed:
            here = {**files(shop_mesh()), ROUTE: route(50), "note.txt": "pushed"}
            pushed.append(put(server.origin, here, message="pushed"))
        return shift(3)(now)

    admitted: list[str] = []
    asked = [
        Change(shift(1), "one", WHO, lambda: admitted.append("one")),
        Change(racing, "two", WHO),
        Change(shift(4), "4", WHO),
    ]
    assert all(each.result() for each in together(server.changes, asked))
    assert admitted == ["one"], "or its own signature would refuse it"
    assert server.subjects()[1:] == ["first", "pushed", "one", "two", "4"]


def test_in_a_repository_with_a_work_tree_each_change_is_made_alone(
    server: Server, tmp_path: Path
) -> None:
    git(server.origin, "worktree", "add", "-q", str(tmp_path / "tree"), "main")
    asked = [Change(shift(left), f"shift {left}", WHO) for left in range(3)]
    before = server.moves()
    assert all(each.result() for each in together(server.changes, asked))
    assert server.moves() - before == 4
    assert "weight: 98\n" in (tmp_path / "tree" / ROUTE).read_text()
