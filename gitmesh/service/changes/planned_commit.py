"""A commit on top of the branch's tip: planned, checked, then made.

Planning only writes objects, to which no ref points. Only :func:`commit` moves the branch.
"""

from dataclasses import dataclass

from events.types import CommitId
from gitmesh.environment import process_environment
from gitmesh.push.check import last_good
from gitmesh.service.changes.work_trees import work_trees
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, errors
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Person, move_branch, write_commit
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree
from reconciler.remote.mirror import Mirror


@dataclass(frozen=True, slots=True)
class PlannedCommit:
    """The tree of a new commit, and the meshes before and after it."""

    tip: CommitId
    """The branch's current commit, which will be the parent."""
    tree: ObjectId
    before: MeshGraph
    """The current mesh, of the branch's newest valid commit."""
    after: SpecTree
    """The specs in ``tree``. They may have problems."""
    unchanged: bool
    """True if ``tip`` has this tree already: there is nothing to commit."""
    touched: frozenset[ResourceKey]
    """All keys that may differ between ``before`` and ``after``."""

    @property
    def errors(self) -> list[Problem]:
        """Return the problems because of which the commit would be refused, like a push."""
        return errors(self.after.problems)


@dataclass(frozen=True, slots=True)
class Authorship:
    """Author and committer of a planned commit."""

    author: Person
    committer: Person


def planned_commit(
    repo: GitRepository,
    reader: TreeReader,
    tip: CommitId,
    tree: ObjectId,
    now: SpecTree | None = None,
) -> PlannedCommit:
    """Return the commit that would give the branch this tree.

    :param now: the specs of ``tip``, if the caller has them and they are valid.
    :raises GitmeshError: the branch or the tree cannot be read.
    """
    good = last_good(repo, reader, tip) if now is None or errors(now.problems) else now
    step = reader.read(tree, good)
    base = repo.tree_of(tip) if now is None or now.faults else now.listing.tree
    return PlannedCommit(tip, tree, good.graph, step.tree, tree == base, step.touched)


def commit(
    repo: GitRepository,
    branch: str | None,
    planned: PlannedCommit,
    message: str,
    who: Authorship,
    *,
    command: str,
) -> CommitId:
    """Make the commit, move the branch to it, and update work trees that have it checked out.

    :param branch: the branch's name; if ``None``, the branch that HEAD names.
    :param command: the command that moves the branch, for git's reflog.
    :raises BranchMoved: somebody pushed since the commit was planned; nothing was changed.
    :raises UsageError: a work tree has uncommitted changes in the way; nothing was changed.
    :raises Fatal: a work tree could not be updated; the branch has moved.
    """
    made = commit_object(repo, planned, message, who)
    advance(repo, branch, planned.tip, made, who.committer, command=command)
    return made


def commit_object(
    repo: GitRepository, planned: PlannedCommit, message: str, who: Authorship
) -> CommitId:
    """Write the commit; the branch stays where it is.

    :raises Retryable: it cannot be written.
    """
    return write_commit(
        repo, planned.tree, planned.tip, message, author=who.author, committer=who.committer
    )


def advance(
    repo: GitRepository,
    branch: str | None,
    before: CommitId,
    after: CommitId,
    committer: Person,
    *,
    command: str,
) -> None:
    """Move the branch to a commit, with the work trees that have it checked out.

    In a mirror, the branch of the remote moves first: nobody serves what the remote does not have.

    Raises as :func:`commit`.

    :raises Proposed: the branch is protected at the remote; the commit has a branch of its own.
    :raises SourceUnavailable: the remote cannot be reached; nothing was changed.
    """
    ref = repo.following(branch)
    if (mirror := Mirror.of(repo, ref, process_environment())) is not None:
        mirror.push(before, after)
        return
    trees = work_trees(repo.path, repo.ref_dir, ref, bare=repo.handle.is_bare)
    for tree in trees:
        tree.require_room(before, after)
    move_branch(repo, ref, before, after, committer, command)
    for tree in trees:
        tree.follow(before, after)
