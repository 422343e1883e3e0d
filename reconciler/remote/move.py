"""How the mirror's branch follows the remote's. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from events.types import CommitId


@dataclass(frozen=True, slots=True)
class Take:
    """The branch of the mirror moves to the remote's commit, also after a force push."""

    commit: CommitId


@dataclass(frozen=True, slots=True)
class Stay:
    """The branch of the mirror stays."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The remote's history has no commit in common with the mirror's: it is probably another
    repository."""

    remote: CommitId


@dataclass(frozen=True, slots=True)
class Diverged:
    """The mirror has commits that the remote never had, and the remote has others."""

    remote: CommitId


def next_move(
    local: CommitId | None,
    known: CommitId | None,
    remote: CommitId,
    related: Callable[[CommitId, CommitId], bool],
) -> Take | Stay | Replaced | Diverged:
    """Return what becomes of the mirror's branch.

    :param local: the branch's commit in the mirror.
    :param known: the remote's commit when the mirror last followed it.
    :param remote: the remote's commit now.
    :param related: returns whether two commits have a common ancestor.
    """
    if local is None:
        return Take(remote)
    if remote in (local, known):
        return Stay()
    if not related(local, remote):
        return Replaced(remote)
    return Take(remote) if local == known or known is None else Diverged(remote)
