"""Preview of a commit: the events that it would add to the event log. Nothing is written."""

from dataclasses import dataclass
from pathlib import Path

from events.types import CommitRejected, MeshEvent
from gitmesh.service.specs.loaded_mesh import logged_state
from gitmesh.service.specs.target import mesh_before, read_target
from reconciler.plan import plan


@dataclass(frozen=True, slots=True)
class Preview:
    """The events that a commit with some specs would add to the log."""

    label: str
    """Name of the specs, for messages."""
    against: str
    """Name of the mesh that they would replace, for messages."""
    events: tuple[MeshEvent, ...]
    """The commit, applied or rejected, and one event for each changed resource."""

    @property
    def rejected(self) -> CommitRejected | None:
        """The rejection, if the commit would be rejected."""
        first = self.events[0]
        return first if isinstance(first, CommitRejected) else None


def preview(target: str, repo: Path | None, log: Path | None = None) -> Preview:
    """Compare a folder or a revision with the mesh that it would replace.

    With ``log``, this is the newest mesh of the event log, else that of the previous commit.

    :raises UsageError: there is no such folder, revision or log.
    """
    meant = read_target(target, repo)
    if log is None:
        against, state = mesh_before(meant)
    else:
        state = logged_state(log)
        against = f"the log at {state.seq}"
    return Preview(meant.label, against, tuple(plan(state, meant.facts, meant.tree)))
