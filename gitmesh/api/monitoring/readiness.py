"""Readiness of a server: whether a load balancer should send proxies to it, and why not."""

from collections.abc import Callable
from dataclasses import dataclass

from events.store import EventReader, LogUnavailable


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer to a readiness probe. Reasons are fixed words, so they reveal nothing about a
    mesh."""

    reasons: tuple[str, ...]
    """Reasons why the server is not ready."""
    degraded: tuple[str, ...]
    """Faults during which proxies are still served the last valid mesh."""

    @property
    def ready(self) -> bool:
        """True if proxies are served."""
        return not self.reasons


def readiness(
    log: EventReader, serving: Callable[[], bool], followed: Callable[[], bool]
) -> Readiness:
    """Return the readiness now.

    The server stays ready if its branch cannot be followed: it still serves the last mesh, which
    proxies would lose otherwise.

    :param serving: returns whether proxies are answered.
    :param followed: returns whether the first read of the branch has ended, with or without
        success.
    """
    reasons = []
    if not serving():
        reasons.append("starting")
    if not followed():
        reasons.append("reading-the-branch")
    try:
        fleet = log.fleet()
        degraded = [found.reason for _, found in fleet.degraded()]
        degraded += ["worker-unresponsive" for _ in fleet.unresponsive()[:1]]
    except LogUnavailable:
        return Readiness((*reasons, "log-unavailable"), ())
    return Readiness(tuple(reasons), tuple(sorted(set(degraded))))
