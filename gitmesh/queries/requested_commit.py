"""Resolution of the commit that a command names, even before a server has read it."""

from pathlib import Path

from events.store import EventReader
from events.types import CommitId
from gitmesh.queries.commits import facts_of
from gitmesh.queries.log_location import is_repository
from gitmesh.queries.timespec import is_hex
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository
from reconciler.merge_lookup import brought_in_by


def asked_commit(log: EventReader, commit: str | None, repo: Path) -> CommitId:
    """Return the named commit; without a name, the tip of the followed branch.

    The repository is searched first, because the newest push may not be in the log yet.

    :raises UsageError: there is no such commit.
    """
    if is_repository(repo):
        opened = GitRepository.open(repo)
        try:
            return opened.resolve(commit or "HEAD")
        except UsageError:
            if log.newest_commit() is None or not (commit is None or is_hex(commit)):
                raise
    if commit is None or commit == "HEAD":
        newest = log.newest_commit()
        if newest is None:
            raise UsageError("the log knows no commit yet", hint="push one")
        return newest
    if not is_hex(commit):
        raise UsageError(
            f"{commit!r} is no commit id, and there is no repository here to look it up in",
            hint="name the repository: --repo; or write at least 4 digits of the id",
        )
    seq = log.seq_of_commit(commit)
    if seq is None:
        raise UsageError(f"no commit {commit!r} in the log", hint="see: gitmesh log --chain mesh")
    return facts_of(log, seq)[0].commit


def merge_of(log: EventReader, commit: CommitId, repo: Path) -> CommitId | None:
    """Return the logged merge that brought in a commit which is not in the log itself, if any."""
    return brought_in_by(log, GitRepository.open(repo), commit) if is_repository(repo) else None
