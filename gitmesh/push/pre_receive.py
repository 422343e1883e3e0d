"""The pre-receive hook: a push that a server would refuse does not get in."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from events.types import CommitId
from gitmesh.blast_radius import blast_radius
from gitmesh.connected import connected_proxies
from gitmesh.push.check import Checked, check
from gitmesh.push.moves import Move, moves_of
from gitmesh.push.wording import acceptance, refusal
from mesh.errors import GitmeshError
from mesh.keys import ResourceKey
from reconciler.repo import GitRepository


def pre_receive(
    repo: GitRepository, moves: Iterable[Move], branch: str | None, log: Path
) -> tuple[bool, list[str]]:
    """Return whether a push may come in, and what the pusher is told.

    Only the branch that is followed is checked, and only what comes to it new.

    :raises SourceUnavailable: the repository cannot be read, or a ref is to name no commit.
    """
    told: list[str] = []
    for move in moves_of(repo.refs_followed(branch), moves):
        if move.after is None:
            continue
        # A ref that is no branch may be moved to a tag, and the server follows what that names.
        before, after = _before(repo, move), repo.commit_at(move.ref, move.after)
        if before == after:
            continue
        checked = check(repo, before, after)
        if checked.refused:
            return False, refusal(checked)
        told += _accepted(checked, log)
    return True, told


def _before(repo: GitRepository, move: Move) -> CommitId | None:
    if move.before is None or not repo.has(move.before):
        return None
    return repo.commit_at(move.ref, move.before)


def _accepted(checked: Checked, log: Path) -> list[str]:
    radius = blast_radius(checked.before, checked.after, checked.changed, _connected(log))
    return acceptance(checked, radius)


def _connected(log: Path) -> Mapping[ResourceKey, int] | None:
    """Return how many proxies of each node are connected; None where no log can be read."""
    try:
        return connected_proxies(log)
    except GitmeshError:
        return None
