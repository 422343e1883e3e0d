"""Publication: the mesh state that the reconciler hands to the servers, with timings."""

from dataclasses import dataclass

from events.state import MeshState
from events.types import START, Cause, Seq
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Publication:
    """The mesh to serve from now on. Times are wall-clock nanoseconds since the epoch."""

    state: MeshState
    since: Seq = START
    touched: frozenset[ResourceKey] | None = None
    """Keys with a resource event after position ``since``; ``None`` if unknown. With it, readers
    need not compare all resources."""
    moved_ns: int | None = None
    """Time when the branch moved, or when the server applied or removed a pin; ``None`` if the
    repository does not record it."""
    seen_ns: int | None = None
    """Time when the reconciler noticed the move."""
    planned_ns: int | None = None
    """Time when the last event of the state was appended."""
    cause: Cause = Cause.BRANCH
    """The cause of the publication, which happened at ``moved_ns``."""
