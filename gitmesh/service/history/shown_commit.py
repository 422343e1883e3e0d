"""Use case of ``gitmesh show``: everything that the log knows of one commit."""

from pathlib import Path

from events.store import EventReader
from gitmesh.queries.commits import LoggedCommit, logged_commit
from gitmesh.queries.requested_commit import RefusedPush, refused_push
from gitmesh.queries.requested_moment import asked_seq
from mesh.errors import UsageError


def shown_commit(log: EventReader, repo: Path, moment: str) -> LoggedCommit | RefusedPush:
    """Return the commit that was live at a moment; for one that never got in, its refused push.

    :raises UsageError: the moment is invalid, or unknown to this log.
    """
    try:
        return logged_commit(log, asked_seq(log, moment, repo))
    except UsageError:
        if (tried := refused_push(log, moment)) is None:
            raise
        return tried
