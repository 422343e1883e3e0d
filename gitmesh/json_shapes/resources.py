"""JSON shapes of a server's resources, and of changes that callers make."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from gitmesh.json_shapes.changes import BlastRadiusShape, ChangeShape
from gitmesh.json_shapes.events import EventShape
from gitmesh.json_shapes.history import CommitLineShape
from gitmesh.json_shapes.problems import ProblemShape
from gitmesh.rendering.documents import document
from mesh.canonical import JsonObject
from mesh.reading.tags import Tags

if TYPE_CHECKING:
    from gitmesh.service.resources.description import Description


class ResourceShape(TypedDict):
    """One resource: its document as it could be committed, and metadata from its history."""

    resource: str
    document: JsonObject
    version: int
    uid: str
    createdAt: str
    updatedAt: str


class ResourcesShape(TypedDict):
    """Some resources; ``next`` requests the following ones."""

    seq: int
    commit: str | None
    resources: list[ResourceShape]
    next: str | None


class HistoryShape(TypedDict):
    """Commits, the oldest first."""

    commits: list[CommitLineShape]


class EventsShape(TypedDict):
    """Events, in order within each chain; ``next`` requests the following ones."""

    events: list[EventShape]
    next: str


class ProblemsOfTipShape(TypedDict):
    """Problems of the branch's newest commit, including warnings."""

    commit: str
    ok: bool
    problems: list[ProblemShape]


class ResourceChangesShape(TypedDict):
    """Answer to a change of resources, or to its dry run."""

    commit: str | None
    dryRun: bool
    changes: list[ChangeShape]
    blastRadius: BlastRadiusShape


class RefusedChangeShape(TypedDict):
    """Answer to a request that cannot be carried out."""

    error: str
    hint: str
    problems: list[ProblemShape]


def resource_shape(found: "Description", tags: Tags) -> ResourceShape:
    """Return a resource; its document has tags if it has some."""
    return {
        "resource": str(found.key),
        "document": document(found.key, found.spec, tags),
        "version": found.version,
        "uid": found.uid,
        "createdAt": _time(found.created_at),
        "updatedAt": _time(found.updated_at),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
