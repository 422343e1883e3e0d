"""Resolution of the moment that a command names."""

from pathlib import Path

from events.clock import utc_now
from events.store import EventReader
from events.types import CommitId, Seq
from gitmesh.queries.log_location import is_repository
from gitmesh.queries.timespec import Resolve, moment_seq
from mesh.errors import UsageError


def asked_seq(log: EventReader, moment: str, repo: Path) -> Seq:
    """Return the mesh chain position of a moment; the repository resolves branches and tags.

    Without a repository, HEAD is the newest commit in the log.

    :raises UsageError: the moment is invalid, or unknown to this log.
    """
    return moment_seq(log, moment, utc_now(), _revisions(log, repo))


def _revisions(log: EventReader, repo: Path) -> Resolve:
    """Return a function that finds the logged commit of a revision."""
    if not is_repository(repo):
        return lambda revision: _without_repository(log, revision)
    from reconciler.git.repository import GitRepository
    from reconciler.merge_lookup import brought_in_by

    opened = GitRepository.open(repo)

    def resolve(revision: str) -> CommitId:
        try:
            found = opened.resolve(revision)
        except UsageError as error:
            if revision == "HEAD":
                raise
            raise UsageError(
                f"{revision!r} is not a moment: not a position, a commit or a time",
                hint='write 12, a1b2c3d, main, 2026-11-25T03:12Z, 03:12 or "2 hours ago"',
            ) from error
        if (merge := brought_in_by(log, opened, found)) is not None:
            raise UsageError(
                f"commit {found[:7]} is not in the log itself: the merge {merge[:7]} added it",
                hint=f"use that one: {merge[:7]}",
            )
        return found

    return resolve


def _without_repository(log: EventReader, revision: str) -> CommitId:
    newest = log.newest_commit()
    if revision == "HEAD" and newest is not None:
        return newest
    raise UsageError(
        f"{revision!r} is not a moment in the log, and there is no repository here to look "
        "it up in",
        hint="give the repository: --repo; or write 12, a1b2c3d, 2026-11-25T03:12Z",
    )
