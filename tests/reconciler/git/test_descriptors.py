"""Without free file descriptors, no object of git counts as missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events.types import CommitId
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId, SourceUnavailable
from tests.support.descriptors import no_descriptors
from tests.support.git import Repo, git, put

MISSING = "0" * 39 + "1"
Question = Callable[[GitRepository, CommitId], object]
QUESTIONS: dict[str, Question] = {
    "tip": lambda repo, _: repo.tip("main"),
    "tip of HEAD": lambda repo, _: repo.tip(),
    "following": lambda repo, _: repo.following(),
    "facts": lambda repo, commit: repo.facts(commit),
    "has": lambda repo, commit: repo.has(CommitId(MISSING)) or repo.facts(commit),
    "first parent": lambda repo, commit: repo.first_parent(commit),
    "merge base": lambda repo, commit: repo.merge_base(commit, CommitId(MISSING)),
    "descends": lambda repo, commit: repo.descends(commit, CommitId(MISSING)),
    "tree": lambda repo, commit: repo.tree_of(commit),
    "blob": lambda repo, _: repo.read_blob(ObjectId(MISSING)),
    "size of a blob": lambda repo, _: repo.blob_bytes(ObjectId(MISSING)),
    "a revision": lambda repo, _: repo.resolve("main"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_shortage_of_descriptors_is_called_that(
    tmp_path: Path, question: str, packed: bool
) -> None:
    bare = Repo(tmp_path).origin
    put(bare, {"a.txt": "one"})
    commit = CommitId(put(bare, {"a.txt": "two"}))
    if packed:
        git(bare, "gc", "--quiet")
    repo = GitRepository.open(bare)
    ask = QUESTIONS[question]
    with no_descriptors():
        answer = _answer(ask, repo, commit)
    # It needed no file for that, or said why it could not have one.
    assert answer in ("too-many-open-files", _answer(ask, repo, commit))


def _answer(ask: Question, repo: GitRepository, commit: CommitId) -> object:
    try:
        return ask(repo, commit)
    except SourceUnavailable as error:
        return error.reason
