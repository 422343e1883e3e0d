"""Ancestry of commits in shallow clones, where the history ends before the root. Pure.

libgit2 is faster, but fails at the first missing parent.
"""

from collections.abc import Callable, Iterable

from events.types import CommitId

Parents = Callable[[CommitId], Iterable[CommitId]]
"""The parents of a commit; none where the history ends."""


def ancestry(commit: CommitId, parents: Parents) -> dict[CommitId, None]:
    """Return a commit and all its ancestors, nearest first."""
    found = {commit: None}
    rest = [commit]
    for each in rest:
        for parent in parents(each):
            if parent not in found:
                found[parent] = None
                rest.append(parent)
    return found


def merge_base(one: CommitId, other: CommitId, parents: Parents) -> CommitId | None:
    """Return the nearest common ancestor that is not an ancestor of another common ancestor, if
    there is one."""
    among = ancestry(other, parents)
    common = [commit for commit in ancestry(one, parents) if commit in among]
    farther: set[CommitId] = set()
    for commit in common:
        if commit not in farther:
            farther.update(list(ancestry(commit, parents))[1:])
    return next((commit for commit in common if commit not in farther), None)
