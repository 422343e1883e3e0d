"""HEAD of the clone in the current directory, if it differs from that of the queried repository."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.types import CommitId
from gitmesh.queries.log_location import is_repository, repository_around
from mesh.errors import GitmeshError
from reconciler.git.repository import GitRepository

_NAMES: Final = ("HEAD", "@")


@dataclass(frozen=True, slots=True)
class OtherHead:
    """Two repositories with the same history, and their HEADs, which differ."""

    there: CommitId
    """HEAD of the queried repository."""
    here: CommitId
    """HEAD of the clone in the current directory."""


def other_head(repo: Path, revision: str) -> OtherHead | None:
    """Return the HEAD of the served repository and the HEAD of the clone in the current directory,
    if ``revision`` is written with HEAD and the user may mean either.

    ``None`` is returned if the two repositories have no common history.
    """
    if not revision.startswith(_NAMES) or not is_repository(repo):
        return None
    clone = repository_around(Path())
    if clone is None or clone == repo.resolve():
        return None
    try:
        theirs, ours = GitRepository.open(repo), GitRepository.open(clone)
        there, here = theirs.resolve("HEAD"), ours.resolve("HEAD")
    except GitmeshError:
        return None
    related = here != there and (ours.has(there) or theirs.has(here))
    return OtherHead(there, here) if related else None
