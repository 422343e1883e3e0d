"""What can happen to a server itself, as the delivery chain says it: to its start, its workers and
the repository that it follows. Part of :mod:`events.types`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """A server took up this log. Whoever was connected to the one before it is not any more."""

    version: str
    """Of gitmesh."""


@dataclass(frozen=True, slots=True)
class WorkerUnresponsive:
    """A worker process of the server does not answer; its proxies keep what they have."""

    worker: int
    process: int
    """Its process id."""
    proxies: int
    """How many proxies are connected to it."""


@dataclass(frozen=True, slots=True)
class WorkerResponsive:
    """A worker that did not answer is no longer waited for."""

    worker: int
    why: str
    """``answers``, or ``ended``: it was killed, and its proxies are disconnected."""


@dataclass(frozen=True, slots=True)
class SourceDegraded:
    """The repository cannot be followed as it should: its branch is gone, its watch failed."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceRecovered:
    """The repository can be followed again."""

    reason: str
