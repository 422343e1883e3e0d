"""Specs of a branch that were read before a push came."""

from pathlib import Path
from typing import Final

from events.memory import require_reserve
from mesh.errors import GitmeshError
from mesh.problems.problem import errors
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree

MOST_RESOURCES: Final = 5_000
"""Maximum size of a mesh that is kept."""


class ReadSpecs:
    """The specs at a branch's tip, or none. Others are read by their differences from them."""

    def __init__(self) -> None:
        self.tree: SpecTree = EMPTY
        self._too_many = False

    def read(self, git_dir: Path, branch: str | None) -> None:
        """Read the tip; keep no specs if that fails, or if there are too many.

        A branch that had too many once is not read again, because that would take long.
        """
        if self._too_many:
            return
        before, self.tree = self.tree, EMPTY
        try:
            repo = GitRepository.open(git_dir, trust_owner=True)
            root = ObjectId(repo.tree_of(repo.tip(branch)))
            tree = TreeReader(repo, room=require_reserve).read(root, before).tree
        except (GitmeshError, MemoryError):
            return
        self._too_many = len(tree.graph.resources) > MOST_RESOURCES
        if not errors(tree.problems) and not self._too_many:
            self.tree = tree
