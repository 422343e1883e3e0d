"""What the reconciler hands to those who serve: a state, and how long it took to get here."""

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
    """Keys of which a resource event stands behind position ``since``; ``None`` where not known.
    It spares whoever follows the log a look at every resource."""
    moved_ns: int | None = None
    """When the branch moved, as well as the repository can tell; ``None`` where it cannot. Of a
    pin and its end: when the server acted upon it."""
    seen_ns: int | None = None
    """When the reconciler noticed."""
    planned_ns: int | None = None
    """When the last event of the state was in the log."""
    cause: Cause = Cause.BRANCH
    """What ``moved_ns`` is the time of."""
