"""Use case of ``gitmesh rollback``: plan a rollback, show what it changes, commit it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from events.clock import utc_now
from events.opening import open_for_reading
from events.types import CommitId
from gitmesh.queries.commits import beginning
from gitmesh.queries.connected_proxies import connected_proxies
from gitmesh.queries.resource_name import resource_of
from gitmesh.queries.timespec import moment_seq, parse_time
from gitmesh.service.changes.difference import Difference, difference
from gitmesh.service.changes.next_step import NextStep, next_step
from gitmesh.service.changes.planned_commit import Authorship, commit
from gitmesh.service.changes.rollback import Rollback, message, only, whole
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """A request to restore specs."""

    to: str
    """A position in the mesh chain, a commit, a branch, or a time."""
    who: Authorship
    branch: str | None = None
    """The branch to move; if ``None``, the branch that HEAD names."""
    only: tuple[str, ...] = ()
    """Names of the resources to restore; all resources if empty."""
    reason: str = ""
    dry_run: bool = False
    trailers: tuple[str, ...] = ()
    """Lines to add to the trailers of the commit's message."""


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """A planned rollback, and its commit if it was made."""

    rollback: Rollback
    difference: Difference | None
    """Changes of the commit; ``None`` if the resulting mesh has errors, so that there is no commit.
    """
    commit: CommitId | None = None
    """The commit; ``None`` for a dry run, and if there was nothing to roll back."""
    next_step: NextStep | None = None
    """Next step for the commit; ``None`` if there is nothing to roll back."""


def roll_back(
    repo: Path, log: Path, request: RollbackRequest, known: SpecTree = EMPTY
) -> RollbackResult:
    """Roll the branch back as requested; without a log, positions and times cannot be used.

    :param known: specs of any commit: of others, only what differs from them is read.
    :raises UsageError: the request names something that does not exist.
    :raises BranchMoved: somebody pushed at the same time; nothing was changed.
    """
    opened = GitRepository.open(repo)
    tip, to = opened.tip(request.branch), _commit_at(request.to, opened, log)
    keys = [resource_of(name, lambda: _resources(opened, tip)) for name in request.only]
    found = only(opened, tip, to, keys, known) if keys else whole(opened, tip, to, known)
    planned = found.planned
    if planned.errors:
        return RollbackResult(found, None)
    connected = connected_proxies(log) if log.is_file() else None
    changes = difference(planned.before, planned.after.graph, connected)
    if planned.unchanged:
        return RollbackResult(found, changes)
    made = None
    if not request.dry_run:
        text = message(found, opened, request.reason, request.trailers)
        command = "gitmesh rollback"
        made = commit(opened, request.branch, planned, text, request.who, command=command)
    return RollbackResult(found, changes, made, next_step(opened, request.branch, log))


def _resources(repo: GitRepository, commit: CommitId) -> Iterable[ResourceKey]:
    return TreeReader(repo).read(repo.tree_of(commit)).tree.graph.resources


def _commit_at(to: str, repo: GitRepository, log: Path) -> CommitId:
    """Return the commit whose mesh was served at a moment; without a log, a revision."""
    now = utc_now()
    digits = to.isascii() and to.isdigit()
    if not (digits or parse_time(to, now)) or not log.is_file():
        return repo.resolve(to)
    with open_for_reading(log) as opened:
        found = opened.state(moment_seq(opened, to, now, repo.resolve)).commit
        begins = beginning(opened)
    if found is None:
        raise UsageError(f"no mesh was served at {to!r}", hint=begins)
    return found
