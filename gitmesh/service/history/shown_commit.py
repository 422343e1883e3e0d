"""Use case of ``gitmesh show``: all that the log contains about one commit."""

from pathlib import Path

from events.store import EventReader
from gitmesh.queries.commits import LoggedCommit, logged_commit
from gitmesh.queries.requested_commit import RefusedPush, refused_push
from gitmesh.queries.requested_moment import asked_seq
from mesh.errors import UsageError


def shown_commit(
    log: EventReader, repo: Path, moment: str, kinds: tuple[str, ...] = ()
) -> LoggedCommit | RefusedPush:
    """Return the commit that was live at a moment; for a commit whose push was refused, that push.

    :param kinds: the kinds of its events in the delivery chain that are read; all if empty.
    :raises UsageError: the moment is invalid, or unknown to this log.
    """
    try:
        return logged_commit(log, asked_seq(log, moment, repo), kinds)
    except UsageError:
        if (tried := refused_push(log, moment)) is None:
            raise
        return tried
