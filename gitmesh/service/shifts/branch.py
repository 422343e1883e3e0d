"""Shifts on a branch: documents, progress and routes, read from git."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.types import CommitFacts, CommitId, Signature
from gitmesh.service.changes import rollback
from gitmesh.shifts.files import (
    NO_SHIFTS,
    Shifts,
    blob_of,
    read_blob,
    shifts_in,
)
from gitmesh.shifts.folder import folder_of
from gitmesh.shifts.progress import SHIFT, STEP, LineCommit, Progress, progress
from gitmesh.shifts.reading import Shift, path_of
from gitmesh.shifts.weights import Weights, pair, routes_of
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree

_MOST_COMPARED: Final = 200
"""Maximum number of commits in which the change of a route is looked for."""
_NOBODY: Final = Signature("", "", "1970-01-01T00:00:00+00:00")
_BEFORE_ALL: Final = LineCommit(CommitFacts(CommitId(""), "", (), _NOBODY, _NOBODY, ""), None)


@dataclass(frozen=True, slots=True)
class Tip:
    """A commit of the branch with its shifts."""

    commit: CommitId
    tree: ObjectId
    shifts: Shifts


class ShiftBranch:
    """The shifts on one branch of a repository. Call it from one thread at a time."""

    def __init__(self, repo: Path, branch: str | None) -> None:
        self._repo = GitRepository.open_later(repo)
        self._branch = branch
        self._reader = TreeReader(self._repo)
        self._read: tuple[CommitId | None, SpecTree] = None, EMPTY
        self._tip: Tip | None = None
        self._folder: ObjectId | None = None
        self._known: dict[str, tuple[CommitId, Progress]] = {}
        self._changed: dict[str, tuple[CommitId, CommitId, CommitId | None]] = {}
        self._intents: dict[ObjectId, str | None] = {}

    @property
    def repo(self) -> GitRepository:
        """The repository."""
        return self._repo

    def tip(self) -> Tip:
        """Return the newest commit of the branch; costs nearly nothing while it is the same.

        :raises GitmeshError: the repository cannot be read.
        """
        commit = self._repo.tip(self._branch)
        if self._tip is None or self._tip.commit != commit:
            tree = self._repo.tree_of(commit)
            folder, known = folder_of(self._repo, tree), self._tip
            if known is not None and folder == self._folder:
                shifts = known.shifts
            else:
                shifts = NO_SHIFTS if folder is None else shifts_in(self._repo, tree)
            self._tip, self._folder = Tip(commit, tree, shifts), folder
        return self._tip

    def graph(self, commit: CommitId) -> MeshGraph:
        """Return the mesh of a commit.

        :raises GitmeshError: the commit cannot be read.
        """
        if self._read[0] != commit:
            tree = self._reader.read(self._repo.tree_of(commit), self._read[1]).tree
            self._read = commit, tree
        return self._read[1].graph

    def progress(self, shift: Shift) -> Progress | None:
        """Return how far a shift has come; None if its document is not on the branch.

        :raises GitmeshError: the repository cannot be read.
        """
        tip, known = self.tip().commit, self._known.get(shift.name)
        stop = None if known is None else known[0]
        if stop == tip and known is not None:
            return known[1]
        found = progress(shift.name, self._line(shift.name, tip, stop))
        if found is None and known is not None:
            found = known[1]
        if found is not None:
            self._known[shift.name] = tip, found
        return found

    def changed_by(self, shift: Shift, base: CommitId) -> CommitId | None:
        """Return the commit after ``base`` with which somebody changed the routes of a shift.

        A rollback of the whole mesh counts, too. ``""`` if the commit cannot be told.

        :raises GitmeshError: a commit cannot be read.
        """
        tip, known = self.tip().commit, self._changed.get(shift.name)
        if known is None or known[:2] != (base, tip):
            known = self._changed[shift.name] = base, tip, self._change(shift, base, tip)
        return known[2]

    def _change(self, shift: Shift, base: CommitId, tip: CommitId) -> CommitId | None:
        if tip == base:
            return None
        between = list(self._between(base, tip))
        for facts in between:
            names = {name for name, _ in facts.trailers}
            if rollback.TO in names and rollback.ONLY not in names:
                return facts.commit
        if (there := self._routes(shift, base)) == self._routes(shift, tip):
            return None
        for facts in reversed(between):
            if self._routes(shift, facts.commit) != there:
                return facts.commit
        return CommitId("")

    def weights(self, shift: Shift) -> Weights:
        """Return the weights of a shift's routes at the tip.

        :raises GitmeshError: the repository cannot be read.
        """
        routes = routes_of(shift.document, self.graph(self.tip().commit))
        return {each.key: pair(each, shift.document.spec) or (0, 0) for each in routes}

    def steps_since(self, shift: Shift, origin: CommitId) -> list[CommitId]:
        """Return the commits of a shift's steps, newest first.

        :raises GitmeshError: a commit cannot be read.
        """
        found = list[CommitId]()
        for facts in self._commits(self.tip().commit):
            if facts.commit == origin:
                break
            told = dict(facts.trailers)
            if told.get(SHIFT) == shift.name and STEP in told:
                found.append(facts.commit)
        return found

    def document(self, shift: Shift) -> bytes:
        """Return the bytes of a shift's document at the tip.

        :raises GitmeshError: it cannot be read.
        """
        blob = blob_of(self._repo, self._folder, shift.name)
        return b"" if blob is None else self._repo.read_blob(blob)

    def _routes(self, shift: Shift, commit: CommitId) -> Mapping[ResourceKey, JsonObject]:
        found = routes_of(shift.document, self.graph(commit))
        return {each.key: spec_json(each.spec) for each in found}

    def _between(self, base: CommitId, tip: CommitId) -> Iterator[CommitFacts]:
        """Yield the commits after ``base``, newest first, up to a limit."""
        for number, facts in enumerate(self._commits(tip)):
            if facts.commit == base or number == _MOST_COMPARED:
                return
            yield facts

    def _commits(self, tip: CommitId) -> Iterator[CommitFacts]:
        commit: CommitId | None = tip
        while commit is not None:
            yield self._repo.facts(commit)
            commit = self._repo.first_parent(commit)

    def _line(self, name: str, tip: CommitId, stop: CommitId | None) -> Iterator[LineCommit]:
        for facts in self._commits(tip):
            yield LineCommit(facts, self._intent(name, ObjectId(facts.tree)))
            if facts.commit == stop:
                return
        yield _BEFORE_ALL

    def _intent(self, name: str, tree: ObjectId) -> str | None:
        blob = blob_of(self._repo, folder_of(self._repo, tree), name)
        if blob is None:
            return None
        if blob not in self._intents:
            found = read_blob(self._repo, path_of(name), blob)
            # A broken document is another one than the one before it.
            self._intents[blob] = found.intent if isinstance(found, Shift) else blob
        return self._intents[blob]
