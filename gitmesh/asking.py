"""How commands that ask the log find the moment that they are asked about."""

from pathlib import Path

from events.store import EventLog, utc_now
from events.types import CommitId, Seq
from gitmesh.moments import Resolve, moment_seq
from gitmesh.places import is_repository
from mesh.errors import UsageError


def asked_seq(log: EventLog, moment: str, repo: Path) -> Seq:
    """Return the position in the mesh chain of a moment; the repository knows branches and tags.

    :raises UsageError: the moment means nothing, or nothing of this log.
    """
    return moment_seq(log, moment, utc_now(), revisions(repo))


def revisions(repo: Path) -> Resolve | None:
    """Return what finds the commit that a revision names; ``None`` where there is no repository."""
    if not is_repository(repo):
        return None
    from reconciler.repo import GitRepository

    opened = GitRepository.open(repo)

    def resolve(revision: str) -> CommitId:
        try:
            return opened.resolve(revision)
        except UsageError as error:
            raise UsageError(
                f"{revision!r} is no moment: no position, no commit, no time",
                hint='write 12, a1b2c3d, main, 2026-11-25T03:12Z or "2 hours ago"',
            ) from error

    return resolve
