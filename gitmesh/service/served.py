"""Data of a server for its interfaces: one log, one branch of a repository, and its changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.store import EventReader
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.resources.listing import Listing
from gitmesh.service.resources.tags import ServedTags
from reconciler.git.writing import Person

DEFAULT_XDS: Final = "127.0.0.1:18000"
"""The address that a bootstrap file has unless another one is given."""


@dataclass(frozen=True, slots=True)
class Served:
    """Sources of all answers: one log and one branch of a repository."""

    log: EventReader
    log_path: Path
    repo: Path
    branch: str | None
    changes: ResourceChanges
    committer: Person
    listing: Listing
    signatures: RecentSignatures
    """Signatures of recent changes: a replayed request is refused."""
    tags: ServedTags
    xds: str = DEFAULT_XDS
    """The address that proxies connect to."""
