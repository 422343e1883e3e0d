"""Settings of the repository, in the commit that is served."""

import threading
from pathlib import Path

from events.store import EventReader
from events.types import CommitId
from mesh.settings import DEFAULT_SETTINGS, SETTINGS_FILE, RepositorySettings, read_settings
from reconciler.git.repository import GitRepository
from reconciler.reading.listing import TreeWalk


class ServedSettings:
    """Reads settings, once for each commit. Thread-safe."""

    def __init__(self, repo: Path, log: EventReader) -> None:
        self._repo = GitRepository.open(repo)
        self._log = log
        self._turn = threading.Lock()
        self._known: tuple[CommitId | None, RepositorySettings] = None, DEFAULT_SETTINGS

    def read(self) -> RepositorySettings:
        """Return the settings; the default ones while no commit is served.

        :raises GitmeshError: the repository or the log cannot be read.
        """
        commit = self._log.served_commit()
        with self._turn:
            if commit != self._known[0]:
                self._known = commit, DEFAULT_SETTINGS if commit is None else self._of(commit)
            return self._known[1]

    def _of(self, commit: CommitId) -> RepositorySettings:
        tree = self._repo.tree_of(commit)
        entry = TreeWalk(self._repo).find(tree, SETTINGS_FILE.encode())
        found = None if entry is None else read_settings(self._repo.read_blob(entry.blob))
        # What is served has settings that are right.
        return found if isinstance(found, RepositorySettings) else DEFAULT_SETTINGS
