"""Events about pins: a pinned commit is served instead of the branch's commit."""

from dataclasses import dataclass

from events.types.positions import CommitId, Seq


@dataclass(frozen=True, slots=True)
class ServingPinned:
    """The mesh of this commit is served until a time, instead of the branch's commit."""

    commit: CommitId
    mesh_seq: Seq
    """Position in the mesh chain of the pinned state."""
    by: str
    """System user who requested it."""
    reason: str
    until: str
    """End of the pin: UTC, RFC 3339 in whole seconds."""


@dataclass(frozen=True, slots=True)
class ServingReleased:
    """A pin ended: the branch's commit is served again."""

    commit: CommitId
    """The pinned commit."""
    why: str
    """Reason of the end: ``released``, ``expired`` or ``replaced``."""
    by: str
    """System user who requested it; empty if it expired."""
    reason: str
