"""Tags of resources, read from their documents in the commit that is served."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from events.store import EventReader
from mesh.keys import ResourceKey
from mesh.reading.tags import Tags, tags_of
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree

_FIELD: Final = b"tags"
"""A file without it has no tags, so it need not be parsed."""
_MOST_KEPT: Final = 20_000
"""Tags of resources that are kept in memory, by the content of their files."""


class ServedTags:
    """Reads the tags of served resources. Thread-safe: threads wait for each other."""

    def __init__(self, repo: Path, log: EventReader, known: Callable[[], SpecTree]) -> None:
        """Use a repository and its log.

        :param known: returns specs that another part of the process has read, from which the next
            ones are read incrementally.
        """
        self._repo = GitRepository.open_later(repo)  # it may be away for a moment
        self._log = log
        self._known = known
        self._turn = threading.Lock()
        self._served: SpecTree = EMPTY
        self._found: dict[tuple[str, ResourceKey], Tags] = {}

    def of(self, key: ResourceKey) -> Tags | None:
        """Return the tags of a resource; None if there is no such resource.

        :raises GitmeshError: the repository or the log cannot be read.
        """
        return self.of_each([key]).get(key)

    def of_each(self, keys: Iterable[ResourceKey]) -> Mapping[ResourceKey, Tags]:
        """Return the tags of those resources that exist.

        :raises GitmeshError: the repository or the log cannot be read.
        """
        with self._turn:
            tree = self._read()
            present = (tree.graph.get(key) for key in keys)
            return {
                each.key: self._tags(tree, each.source.path, each.key)
                for each in present
                if each is not None
            }

    def _tags(self, tree: SpecTree, path: str, key: ResourceKey) -> Tags:
        blob = tree.files[path].entry.blob
        known = self._found.get((blob, key))
        if known is None:
            text = self._repo.read_blob(blob)
            known = tags_of(path, text, key) if _FIELD in text else {}
            while len(self._found) >= _MOST_KEPT:
                del self._found[next(iter(self._found))]
            self._found[blob, key] = known
        return known

    def _read(self) -> SpecTree:
        commit = self._log.served_commit()
        if commit is None:
            return EMPTY
        root, known = self._repo.tree_of(commit), self._known()
        base = known if root == known.listing.tree or self._served is EMPTY else self._served
        self._served = TreeReader(self._repo).read(root, base).tree
        return self._served
