"""Readiness of a server: whether proxies should be sent to it, and why not."""

from collections.abc import Callable
from dataclasses import dataclass

from events.store import EventReader, LogUnavailable


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer to a readiness probe. Reasons are fixed words, so they tell nothing of a mesh."""

    reasons: tuple[str, ...]
    """Why it is not ready."""
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

    A branch that cannot be followed makes no server unready: without it, proxies would lose what
    they are still served.

    :param serving: tells whether proxies are answered.
    :param followed: tells whether the branch was read once, or could not be.
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
