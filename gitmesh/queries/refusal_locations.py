"""Location of refused specs in the repository: file and line of each spec that caused a refusal.

The log has the names of the specs, and git has their text. If git no longer has the commit, the
file is still in the log.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from events.store import EventReader
from events.types import CommitId, Seq, SnapshotRejected
from gitmesh.language import ENGLISH, Words, mark
from gitmesh.queries.log_location import is_repository
from mesh.errors import Fatal, GitmeshError, UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.resource import Steps, spec_json
from reconciler.diff import field_changes
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from xds.refusals.refusal_causes import mentioned_values

_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class RefusalLocation:
    """A spec that likely caused a refusal, with its location."""

    key: str
    path: str
    """File in the repository; empty if unknown."""
    line: int
    """Line, from 1; 0 if only the file is known."""
    where: str
    """JSON path in the document."""

    @property
    def place(self) -> str:
        """Return ``file:line``, as far as known."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return place or "(file not known)"


class RefusalLocations:
    """Finds locations for one log and its repository. Each commit's specs are read once."""

    def __init__(self, log: EventReader, repo: GitRepository | None) -> None:
        self._log = log
        self._fleet = log.fleet()
        self._repo = repo
        self._graphs: dict[CommitId, MeshGraph | None] = {}

    @classmethod
    def beside(cls, log: EventReader, repo: Path) -> Self:
        """Search in the repository at a path, if there is one that can be read now."""
        try:
            return cls(log, GitRepository.open(repo) if is_repository(repo) else None)
        except Fatal:  # the server says what is wrong with it
            return cls(log, None)

    def of(self, refusal: SnapshotRejected) -> tuple[RefusalLocation, ...]:
        """Return the locations of the specs that likely caused a refusal."""
        return tuple(self._find(refusal))

    def _find(self, refusal: SnapshotRejected) -> Iterator[RefusalLocation]:
        seq = self._log.seq_of_commit(refusal.commit) if refusal.commit else None
        for name in refusal.specs:
            try:
                key = ResourceKey.parse(name)
            except UsageError:
                continue
            yield self._place(key, refusal, seq)

    def _place(
        self, key: ResourceKey, refusal: SnapshotRejected, seq: Seq | None
    ) -> RefusalLocation:
        graph = self._graph(refusal.commit)
        resource = None if graph is None else graph.get(key)
        if resource is None:
            path = None if seq is None else self._fleet.path(key, seq)
            return RefusalLocation(str(key), path or "", 0, "")
        spec = spec_json(resource.spec)
        mentioned = next(mentioned_values(refusal.message, spec), None)
        steps = mentioned if mentioned is not None else self._changed(key, seq)
        place: Steps = ("spec", *steps)
        source = resource.source
        return RefusalLocation(str(key), source.path, source.line(place), source.where(place))

    def _changed(self, key: ResourceKey, seq: Seq | None) -> Steps:
        """Return the first field that the newest version of a spec changed."""
        versions = [] if seq is None else self._log.versions(key, seq)
        specs = [version.spec for version, _ in zip(versions, range(2), strict=False)]
        if len(specs) < 2 or specs[0] is None or specs[1] is None:
            return ()
        for change in field_changes(specs[1], specs[0]):
            return tuple(
                int(number) if number else name for name, number in _STEP.findall(change.where)
            )
        return ()

    def _graph(self, commit: CommitId) -> MeshGraph | None:
        if commit not in self._graphs:
            self._graphs[commit] = self._read(commit)
        return self._graphs[commit]

    def _read(self, commit: CommitId) -> MeshGraph | None:
        if self._repo is None or not commit:
            return None
        try:
            return TreeReader(self._repo).read(self._repo.tree_of(commit)).tree.graph
        except GitmeshError:
            return None  # Git drops commits that no branch leads to.


_HINTS: Final = (
    (r"no such file|unable to open|failed to (open|read)|not exist|invalid path", (
        mark("the proxy's machine lacks a file or a folder that the spec names: create it there, "
        "or name another"))),
    (r"cannot bind|address already in use|permission denied", (
        mark("the proxy cannot listen there: check which process uses it, and the proxy's "
        "permissions"))),
    (r"regex|program size", mark(
        "the proxy rejects this regular expression: write a simpler one")),
    (r"certificate|private key|\bpem\b|\bssl\b|\btls\b", (
        mark("check that the files on the proxy's machine hold a certificate and the key that "
        "belong together"))),
)  # fmt: skip


def hint(refusal: SnapshotRejected, words: Words = ENGLISH) -> str:
    """Return the remedy for a refusal."""
    for pattern, remedy in _HINTS:
        if re.search(pattern, refusal.message, re.IGNORECASE):
            return words._(remedy)
    undo = words._("fix the spec and commit, or undo the commit: git revert {commit}")
    return undo.format(commit=refusal.commit[:7])
