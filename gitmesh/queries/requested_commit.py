"""Resolution of the commit that a command names, even before a server has read it.

Git keeps nothing of a refused push, and the mesh chain has only commits of the branch. For a commit
whose push was refused, the delivery chain has the pusher, the time and the reason.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader
from events.types import Chain, CommitId, PushRefused, Record
from gitmesh.queries.commits import facts_of
from gitmesh.queries.log_location import is_repository
from gitmesh.queries.timespec import is_hex
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository
from reconciler.merge_lookup import brought_in_by
from reconciler.reading.source import SourceUnavailable

MOST_PUSHES: Final = 1_000
"""Maximum number of refused pushes that are searched, the newest first."""
_REFUSED: Final = Query(kinds=("PushRefused",))


@dataclass(frozen=True, slots=True)
class RefusedPush:
    """The newest refused push of a commit that is not in the repository."""

    commit: CommitId
    record: Record
    event: PushRefused


def asked_commit(log: EventReader, commit: str | None, repo: Path) -> CommitId:
    """Return the named commit; without a name, the tip of the followed branch.

    The repository is searched first, because the newest push may not be in the log yet. If the ref
    or the commit is damaged there, the log is searched.

    :raises UsageError: there is no such commit.
    :raises SourceUnavailable: the ref that names it is damaged.
    """
    if is_repository(repo):
        opened = GitRepository.open(repo)
        try:
            return opened.resolve(commit or "HEAD")
        except (UsageError, SourceUnavailable):
            if log.newest_commit() is None or not (commit is None or is_hex(commit)):
                raise
    if commit is None or commit == "HEAD":
        newest = log.newest_commit()
        if newest is None:
            raise UsageError("the log has no commit yet", hint="push one")
        return newest
    if not is_hex(commit):
        raise UsageError(
            f"{commit!r} is not a commit id, and there is no repository here to resolve it",
            hint="give the repository: --repo; or write at least 4 digits of the id",
        )
    seq = log.seq_of_commit(commit)
    if seq is None:
        raise UsageError(f"no commit {commit!r} in the log", hint="see: gitmesh log --commits")
    return facts_of(log, seq)[0].commit


def merge_of(log: EventReader, commit: CommitId, repo: Path) -> CommitId | None:
    """Return the logged merge that added a commit which is not in the log itself, if there is
    one."""
    return brought_in_by(log, GitRepository.open(repo), commit) if is_repository(repo) else None


def refused_push(log: EventReader, commit: str | None) -> RefusedPush | None:
    """Return the newest refused push of a commit that is not in the mesh chain.

    The commit is the pushed one, or one of those with problems.

    :param commit: the commit's id, or the start of it; other names are not found.
    :raises UsageError: several commits of refused pushes begin with it.
    """
    if commit is None or not is_hex(commit):
        return None
    found: dict[CommitId, RefusedPush] = {}
    for record in log.select(Chain.DELIVERY, _REFUSED, newest=MOST_PUSHES):
        event = decode(record)
        if isinstance(event, PushRefused):
            tried = (each for each in (event.after, *event.commits) if each)
            fitting = (each for each in tried if each.startswith(commit.lower()))
            found.update({each: RefusedPush(each, record, event) for each in fitting})
    if len(found) > 1:
        raise UsageError(f"{commit!r} matches several commits", hint="give more of its digits")
    return next(iter(found.values()), None)


def is_in_git(commit: CommitId, repo: Path) -> bool:
    """Return whether a commit is in the repository; false if there is no repository."""
    return is_repository(repo) and GitRepository.open(repo).has(commit)
