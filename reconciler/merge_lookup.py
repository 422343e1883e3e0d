"""Lookup of commits that a merge added: the event log contains only the merge itself."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from events.store import EventReader
from events.types import CommitId
from mesh.errors import GitmeshError
from reconciler.git.repository import GitRepository


def brought_in_by(log: EventReader, repo: GitRepository, commit: CommitId) -> CommitId | None:
    """Return the oldest logged commit from which an unlogged commit is reachable, if there is
    one."""
    newest = log.newest_commit()
    if newest is None or log.is_logged(commit) or not repo.descends(newest, commit):
        return None
    line, leading, step = [newest], 0, 1
    earlier = _first_parents(log, repo, newest)
    while more := list(islice(earlier, step)):
        line += more
        if not repo.descends(line[-1], commit):
            break
        leading, step = len(line) - 1, 2 * step
    rest = range(leading + 1, len(line))
    beyond = bisect_left(rest, x=True, key=lambda at: not repo.descends(line[at], commit))
    return line[leading + beyond]


def _first_parents(log: EventReader, repo: GitRepository, newest: CommitId) -> Iterator[CommitId]:
    try:
        at = repo.first_parent(newest)
        while at is not None and log.is_logged(at):
            yield at
            at = repo.first_parent(at)
    except GitmeshError:
        return  # Git no longer has the earlier commits.
