"""Events of a server in the delivery chain: its start, its rules, its workers, its repository."""

from dataclasses import dataclass
from typing import Final

from events.types.positions import Seq

CONNECTIONS_FULL: Final = "connections-full"
"""Reason in :class:`SourceDegraded`: no more proxies can connect."""
STREAMS_RESET: Final = "streams-reset"
"""Reason in :class:`SourceDegraded`: clients open streams only to reset them."""
OF_STREAMS: Final = frozenset({CONNECTIONS_FULL, STREAMS_RESET})
"""Reasons that the xDS server records; they do not prevent commits from being read."""
MIRROR_UNWRITABLE: Final = "mirror-unwritable"
REMOTE_UNREACHABLE: Final = "remote-unreachable"
REMOTE_DENIED: Final = "remote-denied"
REMOTE_UNTRUSTED: Final = "remote-untrusted"
REMOTE_MISSING: Final = "remote-missing"
REMOTE_BRANCH_MISSING: Final = "remote-branch-missing"
REMOTE_DAMAGED: Final = "remote-damaged"
REMOTE_UNSUPPORTED: Final = "remote-unsupported"
REMOTE_REPLACED: Final = "remote-replaced"
REMOTE_DIVERGED: Final = "remote-diverged"
OF_REMOTE: Final = frozenset(
    {
        MIRROR_UNWRITABLE,
        REMOTE_UNREACHABLE,
        REMOTE_DENIED,
        REMOTE_UNTRUSTED,
        REMOTE_MISSING,
        REMOTE_BRANCH_MISSING,
        REMOTE_DAMAGED,
        REMOTE_UNSUPPORTED,
        REMOTE_REPLACED,
        REMOTE_DIVERGED,
    }
)
"""Reasons in :class:`SourceDegraded` why a remote repository cannot be followed. Its mirror can be
read all the same, so commits that are there are served."""
CLOCK_BEHIND: Final = "clock-behind"
"""Reason in :class:`SourceDegraded`: the newest event's time is in the future."""


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """A server started on this log. Proxies of the previous server are no longer connected."""

    version: str
    """Version of gitmesh."""


@dataclass(frozen=True, slots=True)
class WorkerUnresponsive:
    """A worker process of the server does not answer; its proxies keep their configuration."""

    worker: int
    process: int
    """Process id of the worker."""
    proxies: int
    """Number of proxies that are connected to the worker."""


@dataclass(frozen=True, slots=True)
class WorkerResponsive:
    """An unresponsive worker answers again, or it ended."""

    worker: int
    why: str
    """``answers``, or ``ended``: it was killed, and its proxies are disconnected."""


@dataclass(frozen=True, slots=True)
class SourceDegraded:
    """The server cannot do all of its work: its branch is gone, its watch failed, or there is no
    room for more connections."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceRecovered:
    """The obstacle that :class:`SourceDegraded` recorded with this reason is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """After this event, other validation rules decide whether commits are applied."""

    before: int
    after: int
    mesh_seq: Seq
    """The last position of the mesh chain that the previous rules decided."""
    version: str
    """Version of gitmesh with the new rules."""
