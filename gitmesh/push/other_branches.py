"""Answer to pushes of branches that no server follows: they are neither checked nor served."""

from collections.abc import Container, Iterable, Iterator
from typing import Final

from gitmesh.inbox.ref_update import Move
from gitmesh.safe_text import visible
from reconciler.git.repository import GitRepository
from reconciler.reading.source import SourceUnavailable

_HEADS: Final = "refs/heads/"
_MOST: Final = 5


class OtherBranches:
    """The branches of one push other than the followed one.

    Tags, deleted branches and other refs are ignored: pushes of them need no answer.
    """

    def __init__(self, followed: Container[str]) -> None:
        self._followed = followed
        self._names: list[str] = []
        self._number = 0

    def noting(self, moves: Iterable[Move]) -> Iterator[Move]:
        """Yield the moves, and record the other branches among them, with the first few names."""
        for move in moves:
            yield move
            if move.ref.startswith(_HEADS) and move.ref not in self._followed and move.after:
                self._number += 1
                if len(self._names) < _MOST:
                    self._names.append(move.ref.removeprefix(_HEADS))

    def told(self, repo: GitRepository, branch: str | None) -> list[str]:
        """Return the lines for the pusher; none if the push contains no such branch."""
        if not self._names:
            return []
        served = repo.following(branch).removeprefix(_HEADS)
        lines = [
            f"gitmesh: branch {name} is not the one that is served ({served}): it was not checked, "
            "and no proxy is told"
            for name in self._names
        ]
        if self._number > _MOST:
            lines.append(f"  … and {self._number - _MOST} more branches")
        if not _has_commit(repo, branch):
            push = f"git push origin {self._names[0]}:{served}"
            lines.append(f"  hint: {served} has no commit yet: {push}")
        return [visible(line) for line in lines]


def _has_commit(repo: GitRepository, branch: str | None) -> bool:
    try:
        repo.tip(branch)
    except SourceUnavailable:
        return False
    return True
