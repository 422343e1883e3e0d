"""Rollback: a commit that restores an earlier mesh, or some of its resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from events.types import CommitId
from gitmesh.service.changes.planned_commit import PlannedCommit, planned_commit
from gitmesh.service.changes.spec_edits import SpecEdits
from gitmesh.service.changes.unrequested_changes import forbid_unrequested_changes
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.settings import SETTINGS_FILE
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Contents, FileFrom, write_tree
from reconciler.reading.listing import Entry, TooLarge, TreeWalk
from reconciler.reading.reader import TreeReader
from reconciler.reading.scope import Scope
from reconciler.reading.tree import EMPTY, SpecTree

MOST_NAMED: Final = 20
"""Maximum commits that a rollback's message lists as reverted."""
TO: Final = "Gitmesh-Rollback-To"
"""Trailer with the commit that a rollback goes back to."""
ONLY: Final = "Gitmesh-Rollback-Only"
"""Trailer with a resource to which a rollback is limited."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """A planned rollback."""

    planned: PlannedCommit
    to: CommitId
    """The commit whose mesh or resources are restored."""
    undone: tuple[CommitId, ...] = ()
    """The reverted commits, newest first; none if they are reverted only in part."""
    only: tuple[ResourceKey, ...] = ()
    """The restored resources; none if all are restored."""


def whole(repo: GitRepository, tip: CommitId, to: CommitId, known: SpecTree = EMPTY) -> Rollback:
    """Return a rollback of all specs and settings to a commit; other files stay.

    :param known: specs of any commit: of others, only what differs from them is read.
    :raises GitmeshError: one of the commits cannot be read, or nothing can be written.
    """
    reader, walk = TreeReader(repo), TreeWalk(repo)
    old, new = repo.tree_of(to), repo.tree_of(tip)
    now, target = reader.read(new, known).tree, reader.read(old, known).tree
    if target.faults:
        return Rollback(planned_commit(repo, reader, tip, old, now), to)
    scope = Scope(target.listing.settings)
    try:
        changes: dict[bytes, Entry | None] = dict(walk.compare(new, old, scope).entries)
        name = SETTINGS_FILE.encode()
        if walk.find(new, name) != (then := walk.find(old, name)):
            changes[name] = then
    except TooLarge as error:
        raise UsageError(
            f"{tip[:7]} cannot be compared with {to[:7]}: {error.message}",
            hint="roll it back with git: git revert",
        ) from None
    contents: Contents = {p: FileFrom(old, p) if e else None for p, e in changes.items()}
    tree = write_tree(repo, new, contents) if contents else new
    return Rollback(planned_commit(repo, reader, tip, tree, now), to, _undone(repo, tip, to))


def only(
    repo: GitRepository,
    tip: CommitId,
    to: CommitId,
    keys: Sequence[ResourceKey],
    known: SpecTree = EMPTY,
) -> Rollback:
    """Return a rollback of some resources to their earlier specs; other changes stay.

    A resource's current file gets its old spec; a removed resource returns to its old file; a
    resource that did not exist is removed. ``known`` is as in :func:`whole`.

    :raises UsageError: there is no such resource, or its document has a format that gitmesh cannot
        edit.
    :raises GitmeshError: one of the commits cannot be read, or nothing can be written.
    """
    reader, base = TreeReader(repo), repo.tree_of(tip)
    now, then = reader.read(base, known).tree, reader.read(repo.tree_of(to), known).tree
    edits = SpecEdits(repo, now)
    for key in keys:
        edits.restore(key, then)
    tree = write_tree(repo, base, edits.changed) if edits.changed else base
    planned = planned_commit(repo, reader, tip, tree, now)
    wanted = {key: then.graph.get(key) for key in keys}
    remedy = "change it by hand, or roll back as a whole, without --only"
    forbid_unrequested_changes(now.graph, planned.after.graph, wanted, remedy=remedy)
    return Rollback(planned, to, only=tuple(keys))


def message(
    rollback: Rollback, repo: GitRepository, reason: str, others: Sequence[str] = ()
) -> str:
    """Return the commit message, with trailers for the reverted commits, and the ``others``."""
    facts = repo.facts(rollback.to)
    subject = facts.message.partition("\n")[0].strip()
    if any(name == TO for name, _ in facts.trailers):
        subject = subject.partition(" “")[0]  # else each rollback to a rollback quotes one more
    what = f"{len(rollback.only)} resource{'s' if len(rollback.only) > 1 else ''}"
    parts = [
        f"Roll {what + ' ' if rollback.only else ''}back to {rollback.to[:7]} “{subject[:60]}”",
        " ".join(reason.split()),
        "\n".join(f"This reverts commit {commit}." for commit in rollback.undone),
    ]
    trailers = [f"{TO}: {rollback.to}"]
    trailers += [f"{ONLY}: {key}" for key in rollback.only]
    trailers += others
    return "\n\n".join([*filter(None, parts), "\n".join(trailers)]) + "\n"


def _undone(repo: GitRepository, tip: CommitId, to: CommitId) -> tuple[CommitId, ...]:
    found: list[CommitId] = []
    commit: CommitId | None = tip
    while commit is not None and commit != to:
        found.append(commit)
        if len(found) > MOST_NAMED:
            return ()
        commit = repo.first_parent(commit)
    return tuple(found) if commit is not None else ()
