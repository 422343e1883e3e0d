"""Commits between the last logged one and the branch's tip. Pure except for reading commits.

Only first parents count: a merge is one step, and its other parents never took effect on the branch
by themselves. The order follows from parents; dates can be wrong and are never used.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, overload

from events.types import CommitId, HistoryRewritten
from reconciler.reading.source import ObjectMissing

MAX_DROPPED: Final = 10_000
"""Maximum commits listed in one :class:`HistoryRewritten`."""

_NEAR: Final = 256
"""Number of commits walked back before the first check that the last logged commit is an
ancestor."""


class Commits(Protocol):
    """Relations between commits."""

    def first_parent(self, commit: CommitId) -> CommitId | None:
        """Return the first parent, None where the history begins.

        :raises ObjectMissing: the commit or its parent is missing.
        """

    def has(self, commit: CommitId) -> bool:
        """Return whether the commit still exists."""

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Return the best common ancestor, if there is one."""

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Return whether ``ancestor`` is the commit itself or reachable from it."""


@dataclass(frozen=True, slots=True)
class Without:
    """View of a repository in which one commit is missing."""

    repo: Commits
    lost: CommitId

    def first_parent(self, commit: CommitId) -> CommitId | None:
        """Return the first parent."""
        return self.repo.first_parent(commit)

    def has(self, commit: CommitId) -> bool:
        """Return whether the commit exists and is not the missing one."""
        return commit != self.lost and self.repo.has(commit)

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Return the best common ancestor."""
        return self.repo.merge_base(one, other)

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Return whether ``commit`` descends from ``ancestor``, as far as known without the missing
        commit."""
        return self.lost not in (commit, ancestor) and self.repo.descends(commit, ancestor)


class Line(Sequence[CommitId]):
    """Sequence of commits, oldest first, at twenty bytes each, because it may contain the whole
    history."""

    def __init__(self, newest_first: bytes = b"") -> None:
        self._ids = newest_first

    def __len__(self) -> int:
        return len(self._ids) // 20

    @overload
    def __getitem__(self, at: int) -> CommitId: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[CommitId]: ...
    def __getitem__(self, at: int | slice) -> CommitId | Sequence[CommitId]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        start = 20 * (len(self) - 1 - range(len(self))[at])
        return CommitId(self._ids[start : start + 20].hex())


@dataclass(frozen=True, slots=True)
class Way:
    """The commits that must be logged until the log has reached the branch's tip."""

    commits: Line
    """The commits, oldest first. If the branch moved back, only the tip, which is applied again."""
    rewritten: HistoryRewritten | None = None
    """Set if the tip is not a first-parent descendant of the last logged commit."""


def way(
    repo: Commits, seen: CommitId | None, tip: CommitId, is_logged: Callable[[CommitId], bool]
) -> Way:
    """Return the commits from the last logged one to ``tip``; if ``seen`` is None, the whole
    history.

    :param is_logged: used to find the start if git has dropped the last logged commit.
    :raises ObjectMissing: a commit on the way is missing.
    """
    walked = bytearray()
    for commit in _back(repo, tip):
        if commit == seen:
            return Way(Line(bytes(walked)))
        walked += bytes.fromhex(commit)
        if len(walked) == 20 * _NEAR and seen is not None and not repo.descends(tip, seen):
            break
    return Way(Line(bytes(walked))) if seen is None else _rewritten(repo, seen, tip, is_logged)


def _rewritten(
    repo: Commits, seen: CommitId, tip: CommitId, is_logged: Callable[[CommitId], bool]
) -> Way:
    if not repo.has(seen):
        new, base = _until(_back(repo, tip), is_logged)
        event = HistoryRewritten(seen, tip, base, (seen,), "rewritten")
    else:
        new, _ = _until(_back(repo, tip), lambda commit: repo.descends(seen, commit))
        # Git deletes unreachable commits one by one.
        left = _while_there(_back(repo, seen))
        old, _ = _until(left, lambda commit: repo.descends(tip, commit), MAX_DROPPED)
        event = HistoryRewritten(
            before=seen,
            after=tip,
            merge_base=repo.merge_base(seen, tip),
            dropped=tuple(reversed(old)),
            topology="foxtrot" if repo.descends(tip, seen) else "rewritten",
        )
    return Way(new if len(new) else Line(bytes.fromhex(tip)), event)


def _until(
    commits: Iterable[CommitId], known: Callable[[CommitId], bool], most: int | None = None
) -> tuple[Line, CommitId | None]:
    """Return the commits before the first known one, newest first, and that commit.

    All ancestors of a known commit are known, so it is found by exponential and binary search: each
    check may walk through the whole history.
    """
    walked = bytearray()
    low = 0  # at least this many of the newest are unknown
    asked = 1
    for commit in commits:
        walked += bytes.fromhex(commit)
        if len(walked) // 20 == asked:
            if known(commit):
                return _halve(bytes(walked), low, known)
            low, asked = asked, asked * 2
            if most is not None and low >= most:
                return Line(bytes(walked[: 20 * most])), None
    return _halve(bytes(walked), low, known)


def _halve(
    walked: bytes, low: int, known: Callable[[CommitId], bool]
) -> tuple[Line, CommitId | None]:
    high = len(walked) // 20
    while low < high:
        middle = (low + high) // 2
        if known(CommitId(walked[20 * middle : 20 * middle + 20].hex())):
            high = middle
        else:
            low = middle + 1
    first_known = walked[20 * low : 20 * low + 20]
    base = CommitId(first_known.hex()) if first_known else None
    return Line(walked[: 20 * low]), base


def _while_there(commits: Iterable[CommitId]) -> Iterator[CommitId]:
    try:
        yield from commits
    except ObjectMissing:
        return


def _back(repo: Commits, start: CommitId) -> Iterator[CommitId]:
    commit: CommitId | None = start
    while commit is not None:
        yield commit
        commit = repo.first_parent(commit)
