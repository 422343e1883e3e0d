"""Use case of ``gitmesh state``: the mesh that is in effect now, or was at an earlier moment."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.clock import utc_now
from events.encoding.codec import decode
from events.state import MeshState
from events.store import EventReader
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    HistoryRewritten,
    Seq,
    ServingPinned,
)
from gitmesh.queries.commits import beginning
from gitmesh.queries.pins import pinned
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.queries.resource_name import no_resource, resource_of
from gitmesh.queries.timespec import parse_time
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey

FIRST_LOOK: Final = 64
"""Number of events that are read first: most commits change fewer resources than this."""


@dataclass(frozen=True, slots=True)
class Within:
    """A position between the changes of one commit."""

    changes: int
    """Number of the commit's changes that are applied at this position."""
    of: int
    """Number of changes of the commit."""


@dataclass(frozen=True, slots=True)
class ServedState:
    """The mesh at a moment, and whether it was served."""

    state: MeshState
    pin: ServingPinned | None
    """The pin at that time; ``None`` if the moment is a position or a commit."""
    within: Within | None
    """Set if the moment is between two changes of a commit: such a mesh was never served."""
    instead: CommitId | None
    """The commit that replaced this one before it was served."""
    begins: str
    """A hint with the first commit of the mesh's history."""

    @property
    def is_empty(self) -> bool:
        """True if no mesh was served yet."""
        return self.state.seq == START

    def resources(self, name: str | None = None) -> dict[ResourceKey, JsonObject]:
        """Return the specs of the named resource and of the resources inside it; without a name,
        all.

        :raises UsageError: there was no such resource.
        """
        known = self.state.resources
        wanted = resource_of(name, lambda: known) if name else None
        keys = [key for key in sorted(known) if wanted is None or _is_within(key, wanted)]
        if wanted and not keys:
            raise no_resource(wanted, known, f"at event {self.state.seq}")
        return {key: known[key] for key in keys}


def served_state(
    log: EventReader,
    repo: Path,
    moment: str | None = None,
    state_at: Callable[[Seq | None], MeshState] | None = None,
) -> ServedState:
    """Return the mesh at a moment; now if it is ``None``.

    If a commit was pinned at that time, its mesh is returned: proxies had that mesh.

    :param state_at: returns the mesh at a position of the log, if the caller has a faster way.

    :raises UsageError: the moment is invalid, unknown to this log, or a time before its first
        event.
    """
    pin = _pin(log, moment)
    newest = None if pin is None else pin.mesh_seq
    seq = newest if moment is None else asked_seq(log, moment, repo)
    state = log.state(seq) if state_at is None else state_at(seq)
    if moment is not None and state.seq == START and parse_time(moment, utc_now()):
        raise UsageError(f"no mesh was served at {moment!r}", hint=beginning(log))
    instead = log.served_instead_of(state.commit) if state.commit else None
    return ServedState(state, pin, _within(log, state.seq), instead, beginning(log))


def _pin(log: EventReader, moment: str | None) -> ServingPinned | None:
    if moment is None:
        return pinned(log)
    when = parse_time(moment, utc_now())
    return None if when is None else pinned(log, when)


def _is_within(key: ResourceKey, wanted: ResourceKey) -> bool:
    return key == wanted or str(key).startswith(f"{wanted}/")


def _within(log: EventReader, seq: Seq) -> Within | None:
    """Return the place of ``seq`` among the changes of its commit; None if it is their end."""
    size = FIRST_LOOK
    while seq > START:
        size = min(size, seq)
        behind = list(log.read(Chain.MESH, after=Seq(seq - size), limit=size))
        for done, record in enumerate(reversed(behind)):
            event = decode(record)
            if isinstance(event, CommitApplied):
                return Within(done, event.changes) if done < event.changes else None
            if isinstance(event, CommitRejected | HistoryRewritten):
                return None
        if size == seq:
            break
        size *= 8
    return None
