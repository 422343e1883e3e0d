"""The pre-receive hook: a push that a server would refuse does not get in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from events.types import CommitId
from gitmesh.blast_radius import blast_radius
from gitmesh.connected import connected_proxies
from gitmesh.push.check import Checked, check
from gitmesh.push.moves import Move
from gitmesh.push.wording import acceptance, refusal
from mesh.errors import GitmeshError
from mesh.keys import ResourceKey
from reconciler.repo import GitRepository


def pre_receive(
    repo: GitRepository, moves: Sequence[Move], branch: str | None, log: Path
) -> tuple[bool, list[str]]:
    """Return whether a push may come in, and what the pusher is told.

    Only the branch that is followed is checked, and only what comes to it new.

    :raises SourceUnavailable: the repository cannot be read.
    """
    followed = repo.following(branch)
    for move in moves:
        if move.ref == followed and move.after is not None:
            checked = check(repo, _known(repo, move.before), move.after)
            if checked.refused:
                return False, refusal(checked)
            return True, _accepted(checked, log)
    return True, []


def _known(repo: GitRepository, commit: CommitId | None) -> CommitId | None:
    return commit if commit is not None and repo.has(commit) else None


def _accepted(checked: Checked, log: Path) -> list[str]:
    radius = blast_radius(checked.before, checked.after, checked.changed, _connected(log))
    return acceptance(checked, radius)


def _connected(log: Path) -> Mapping[ResourceKey, int] | None:
    """Return how many proxies of each node are connected; None where no log can be read."""
    try:
        return connected_proxies(log)
    except GitmeshError:
        return None
