"""Locations of refused specs: file and line, from git, or from the log where git has lost them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.types import CommitId, SnapshotRejected
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.queries.log_location import log_path
from gitmesh.queries.refusal_locations import RefusalLocations, hint
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId
from tests.support.git import Repo, git, put
from tests.support.sample_shop import ENTRANCE, sample_files

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
TESTERS = "mesh/shop/virtualRouter/cart/route/testers"
UNKNOWN = "(file not known)"

ROUTES_TEXT = sample_files(shares(10))[ROUTES]
assert isinstance(ROUTES_TEXT, str)
LINES = ROUTES_TEXT.splitlines()
SPEC_LINE = LINES.index("spec:", LINES.index("routeName: all")) + 1
V1_LINE = LINES.index("        - {virtualNode: cart-v1, weight: 90}") + 1


class Logged:
    """A repository and its log.

    Its second commit shifts the cart's traffic, the third removes a route, the fourth adds it.
    """

    def __init__(self, folder: Path) -> None:
        self.bare = Repo(folder).origin
        self.log = open_for_writing(log_path(self.bare))
        follower = Follower(GitRepository.open(self.bare), self.log)
        self.commits: list[CommitId] = []
        first, shifted = sample_files(shares(0)), sample_files(shares(10))
        lacking = {**shifted, ROUTES: str(ROUTES_TEXT).split("---\n")[1]}
        for minute, files in enumerate((first, shifted, lacking, shifted)):
            put(self.bare, files, minute=minute)
            follower.catch_up()
            assert follower.state.commit is not None
            self.commits.append(follower.state.commit)

    def refusal(
        self, *specs: str, message: str = "no", commit: CommitId | None = None
    ) -> SnapshotRejected:
        refused = self.commits[1] if commit is None else commit
        return SnapshotRejected(refused, ENTRANCE, "x/Listener", "v", message, "p#1", (), specs)

    def places(self, refusal: SnapshotRejected) -> list[tuple[str, str, str]]:
        found = RefusalLocations.beside(self.log, self.bare).of(refusal)
        return [(each.key, each.place, each.where) for each in found]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    found = Logged(tmp_path_factory.mktemp("shop"))
    with contextlib.closing(found.log):
        yield found


def test_a_value_in_the_message_is_located(logged: Logged) -> None:
    assert logged.places(logged.refusal(ROUTE, message="bad cart-v2 there")) == [
        (
            ROUTE,
            f"{ROUTES}:{V1_LINE + 1}",
            "$.spec.httpRoute.action.weightedTargets[1].virtualNode",
        )
    ]


def test_without_one_the_first_field_that_the_commit_changed_is_located(logged: Logged) -> None:
    assert logged.places(logged.refusal(ROUTE)) == [
        (ROUTE, f"{ROUTES}:{V1_LINE}", "$.spec.httpRoute.action.weightedTargets[0].weight")
    ]


def test_a_spec_without_an_earlier_version_is_located_as_a_whole(logged: Logged) -> None:
    first, last = logged.commits[0], logged.commits[3]
    whole = [(ROUTE, f"{ROUTES}:{SPEC_LINE}", "$.spec")]
    assert logged.places(logged.refusal(ROUTE, commit=first)) == whole
    line = LINES.index("spec:") + 1
    added_again = logged.places(logged.refusal(TESTERS, commit=last))
    assert added_again == [(TESTERS, f"{ROUTES}:{line}", "$.spec")]


def test_names_that_are_no_specs_are_left_out_and_unknown_specs_have_no_place(
    logged: Logged,
) -> None:
    none = "mesh/shop/virtualNode/none"
    found = logged.places(logged.refusal("nonsense", none, ROUTE))
    assert found[0] == (none, UNKNOWN, "")
    assert [key for key, _, _ in found] == [none, ROUTE]


def test_what_git_has_lost_is_located_by_the_log(logged: Logged, tmp_path: Path) -> None:
    refusal = logged.refusal(ROUTE)
    without = RefusalLocations.beside(logged.log, tmp_path)
    other = RefusalLocations.beside(logged.log, Repo(tmp_path).origin)
    for each in (without, other):
        (found,) = each.of(refusal)
        assert (found.path, found.line, found.place, found.where) == (ROUTES, 0, ROUTES, "")


@pytest.mark.parametrize("commit", ["", "f" * 40])
def test_without_a_known_commit_only_the_spec_is_named(logged: Logged, commit: str) -> None:
    refusal = logged.refusal(ROUTE, commit=CommitId(commit))
    assert logged.places(refusal) == [(ROUTE, UNKNOWN, "")]
    (found,) = RefusalLocations.beside(logged.log, logged.bare).of(refusal)
    assert (found.path, found.line) == ("", 0)


def test_the_specs_of_a_commit_are_read_once(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[CommitId] = []
    tree_of = GitRepository.tree_of

    def counted(repo: GitRepository, commit: CommitId) -> ObjectId:
        read.append(commit)
        return tree_of(repo, commit)

    monkeypatch.setattr(GitRepository, "tree_of", counted)
    found = RefusalLocations.beside(logged.log, logged.bare)
    for _ in range(2):
        found.of(logged.refusal(ROUTE, TESTERS))
    found.of(logged.refusal(ROUTE, commit=logged.commits[0]))
    assert read == [logged.commits[1], logged.commits[0]]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("No such file or directory", "lacks a file"),
        ("unable to open it", "lacks a file"),
        ("failed to read it", "lacks a file"),
        ("path does not exist", "lacks a file"),
        ("cannot bind '0.0.0.0:80'", "cannot listen there"),
        ("Permission denied", "cannot listen there"),
        ("regex '(' is invalid", "regular expression"),
        ("program size of 300", "regular expression"),
        ("Failed to load certificate chain", "a certificate and the key"),
        ("bad PEM", "a certificate and the key"),
        ("permit", "fix the spec"),
    ],
)
def test_a_remedy_fits_the_message(logged: Logged, message: str, words: str) -> None:
    assert words in hint(logged.refusal(ROUTE, message=message))


def test_the_remedy_for_any_refusal_names_the_commit_to_revert(logged: Logged) -> None:
    assert hint(logged.refusal(ROUTE)).endswith(f": git revert {logged.commits[1][:7]}")


def test_a_repository_that_cannot_be_read_now_leaves_the_file_to_the_log(
    logged: Logged, tmp_path: Path
) -> None:
    strange = Repo(tmp_path).origin
    git(strange, "config", "core.repositoryformatversion", "1")
    git(strange, "config", "extensions.strange", "true")
    (found,) = RefusalLocations.beside(logged.log, strange).of(logged.refusal(ROUTE))
    assert (found.path, found.line) == (ROUTES, 0)


def test_a_field_that_the_commit_removed_is_located_at_what_held_it(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    with contextlib.closing(logged.log):
        text = str(ROUTES_TEXT).replace("  priority: 1\n", "")
        put(logged.bare, {**sample_files(shares(10)), ROUTES: text}, minute=5)
        Follower(GitRepository.open(logged.bare), logged.log).catch_up()
        line = text.splitlines().index("spec:") + 1
        assert logged.places(logged.refusal(TESTERS, commit=logged.log.newest_commit())) == [
            (TESTERS, f"{ROUTES}:{line}", "$.spec.priority")
        ]
