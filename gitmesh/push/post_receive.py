"""The post-receive hook: reports the push to the server, and its delivery to the pusher."""

from collections.abc import Iterable
from pathlib import Path

from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher
from gitmesh.inbox.ref_update import Move, moves_of
from gitmesh.inbox.spool import SpoolUnavailable, pushes
from gitmesh.push.answer import answer
from gitmesh.push.other_branches import OtherBranches
from gitmesh.safe_text import visible
from reconciler.git.repository import GitRepository


def post_receive(
    repo: GitRepository,
    moves: Iterable[Move],
    pusher: Pusher,
    *,
    branch: str | None,
    log: Path,
    wait_s: float,
) -> list[str]:
    """Report a push to the branch, wait for its delivery, and return the answer.

    :raises SourceUnavailable: the repository cannot be read.
    """
    followed = repo.refs_followed(branch)
    others = OtherBranches(followed)
    move = next(iter(moves_of(followed, others.noting(moves))), None)
    lines = others.told(repo, branch)
    if move is None:
        return lines
    note: Path | None = None
    try:
        note = pushes(log).put(PushNote.of(move, pusher).line())
    except SpoolUnavailable as error:
        lines += [f"gitmesh: who pushed is not recorded: {visible(error.message)}"]
    if move.after is None:
        return [*lines, "gitmesh: the branch is deleted; what was served last is served on"]
    return lines + answer(log, move, note, wait_s, repo)
