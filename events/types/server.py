"""Events of a server in the delivery chain: its start, its rules, its workers, its repository."""

from dataclasses import dataclass
from typing import Final

from events.types.positions import Seq

CONNECTIONS_FULL: Final = "connections-full"
"""The reason of :class:`SourceDegraded` when no more proxies can connect."""
STREAMS_RESET: Final = "streams-reset"
"""The reason of :class:`SourceDegraded` when clients open streams only to reset them."""
OF_STREAMS: Final = frozenset({CONNECTIONS_FULL, STREAMS_RESET})
"""Reasons that the xDS server records; they keep no commit from being read."""
CLOCK_BEHIND: Final = "clock-behind"
"""The reason of :class:`SourceDegraded` when the newest event is of a time that is yet to come."""


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
    """Its process id."""
    proxies: int
    """Number of proxies that are connected to it."""


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
    """The degradation with this reason has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """From here on, other validation rules decide whether commits are applied."""

    before: int
    after: int
    mesh_seq: Seq
    """The last position of the mesh chain that the previous rules decided."""
    version: str
    """Version of gitmesh with the new rules."""
