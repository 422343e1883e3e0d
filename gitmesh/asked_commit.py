"""Which commit a person asks about who may ask before a server has read it."""

from pathlib import Path

from events.store import EventLog
from events.types import CommitId
from gitmesh.commits import facts_of
from gitmesh.places import is_repository
from mesh.errors import UsageError
from reconciler.repo import GitRepository


def asked_commit(log: EventLog, commit: str | None, repo: Path) -> CommitId:
    """Return the commit that is meant; without words, the tip of the branch that is followed.

    The repository is asked first: what was pushed a moment ago is not in the log yet.

    :raises UsageError: no commit is meant.
    """
    if is_repository(repo):
        opened = GitRepository.open(repo)
        try:
            return opened.resolve(commit or "HEAD")
        except UsageError:
            if commit is None and log.newest_commit() is None:
                raise
    if commit is None:
        newest = log.newest_commit()
        if newest is None:
            raise UsageError("the log knows no commit yet", hint="push one")
        return newest
    seq = log.seq_of_commit(commit)
    if seq is None:
        raise UsageError(f"no commit {commit!r} in the log", hint="see: gitmesh log --chain mesh")
    return facts_of(log, seq)[0].commit
