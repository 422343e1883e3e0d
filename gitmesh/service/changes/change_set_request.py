"""Use case of ``gitmesh change``: preview a change set, and commit it."""

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from events.types import CommitId
from gitmesh.queries.connected_proxies import connected_proxies
from gitmesh.service.changes.change_set import ChangeSet, applied, merged
from gitmesh.service.changes.change_set_files import ChangeSetFiles
from gitmesh.service.changes.difference import Difference, difference
from gitmesh.service.changes.planned_commit import Authorship, PlannedCommit, commit
from gitmesh.service.changes.resource_change import Mesh, change_resources
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person
from reconciler.reading.reader import TreeReader

MOST_RACES: Final = 20
"""Maximum number of attempts while others push."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change set, and the commit that it would become or became."""

    change: ChangeSet
    planned: PlannedCommit
    difference: Difference
    commit: CommitId | None = None
    """The commit; None for a preview, if the mesh would have errors, or if nothing would change."""


def preview_change(repo: Path, branch: str | None, log: Path, name: str) -> PlannedChange:
    """Return the commit that a change set would become; nothing is changed.

    :raises UsageError: there is no such change set, or it no longer applies.
    :raises GitmeshError: the repository cannot be read.
    """
    return _planned(GitRepository.open(repo), branch, log, ChangeSetFiles(log).read(name))


def commit_change(
    repo: Path, branch: str | None, log: Path, name: str, committer: Person
) -> PlannedChange:
    """Commit a change set, and delete it; if the mesh would have errors, nothing is changed.

    :raises UsageError: as :func:`preview_change`.
    If somebody pushes meanwhile, it is planned again on the new tip.

    :raises BranchMoved: others pushed all the time; nothing was changed.
    """
    files = ChangeSetFiles(log)
    with files.lock():
        opened, change = GitRepository.open(repo), files.read(name)
        who = Authorship(change.author, committer)
        for race in count(1):
            found = _planned(opened, branch, log, change)
            if found.planned.errors:
                return found
            try:
                made = _made(opened, branch, found, who)
            except BranchMoved:
                if race == MOST_RACES:
                    raise
            else:
                files.remove(name)
                return replace(found, commit=made)
    raise AssertionError  # the loop ends by itself only in the eyes of a type checker


def _made(
    repo: GitRepository, branch: str | None, found: PlannedChange, who: Authorship
) -> CommitId | None:
    if found.planned.unchanged:
        return None
    message = _message(found.change)
    return commit(repo, branch, found.planned, message, who, command="gitmesh change")


def _planned(
    repo: GitRepository, branch: str | None, log: Path, change: ChangeSet
) -> PlannedChange:
    tip = repo.tip(branch)
    now = TreeReader(repo).read(repo.tree_of(tip)).tree
    applied(change, Mesh(now.graph, now.listing.settings))
    wanted = merged(change.calls)
    planned = change_resources(repo, tip, wanted.specs, now, wanted.tags)
    connected = connected_proxies(log) if log.is_file() else None
    return PlannedChange(
        change, planned, difference(planned.before, planned.after.graph, connected)
    )


def _message(change: ChangeSet) -> str:
    """Return the commit message: the calls, and trailers that name the requests."""
    calls = [f"- {call.effect} {call.key}" for call in change.calls]
    requests = [f"Request-Id: {call.request_id}" for call in change.calls]
    return (
        "\n".join(
            [
                f"Change {change.name}: {len(calls)} call{'s' if len(calls) != 1 else ''}",
                "",
                f"{change.author.name} called the App Mesh API:",
                "",
                *calls,
                "",
                *requests,
                f"Change-Set: {change.name}",
                "Via: api",
            ]
        )
        + "\n"
    )
