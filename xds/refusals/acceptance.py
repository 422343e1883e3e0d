"""Choice of the snapshot for a new proxy: the last accepted one while the newest is being refused.

A proxy that refuses part of a snapshot keeps its previous configuration. A proxy that has just
started has nothing, so a refused snapshot would leave it without listeners. Therefore a snapshot
that was refused and that no proxy of the same identity has accepted is *held back* from new
proxies. If a new proxy refuses a snapshot which others accepted, only this proxy is served an older
snapshot. Every newer snapshot is offered to all proxies again.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from xds.nodes import ProxyIdentity
from xds.snapshots.snapshot import Snapshot

RETRY_S: Final = 600.0
"""Time for which a refusal holds a snapshot back. It ends, because the cause may have been the
proxy's machine."""
_MOST_TAKERS: Final = 16
"""Maximum accepting proxies remembered per snapshot."""
_MOST_ABSENT: Final = 256
"""Maximum identities without a proxy whose refusals are remembered."""

_LOOK_AGAIN_S: Final = 2.0
"""Minimum time between two queries of the log, which records acceptance with a short delay."""

Refusal = tuple[str, float]
"""Version of the refused snapshot, and the time of the refusal."""


@dataclass(slots=True)
class _Trial:
    """The newest snapshot of an identity, and how its proxies answered it."""

    newest: Snapshot
    takers: set[Hashable] = field(default_factory=set)
    refused_at: float | None = None
    accepted: Snapshot | None = None
    """The last accepted snapshot before this one."""
    looked_at: float | None = None
    """Time of the last log query that found nothing."""


class Acceptance:
    """Answers of each identity's proxies to their newest snapshot, and the snapshot before it.

    :param recall: returns the snapshot that the log says was accepted last, or ``None``.
    :param now: seconds since the epoch, so that the time survives a restart.
    """

    def __init__(
        self, recall: Callable[[ProxyIdentity], Snapshot | None], now: Callable[[], float]
    ) -> None:
        self._recall = recall
        self._now = now
        self._trials: dict[ProxyIdentity, _Trial] = {}
        self._absent: OrderedDict[ProxyIdentity, None] = OrderedDict()
        self._known: dict[str, Refusal] = {}

    def remember(self, refusals: dict[str, Refusal]) -> None:
        """Load the refusals that the log knows, by node id, when the server starts."""
        self._known = refusals

    def offer(self, identity: ProxyIdentity, snapshot: Snapshot) -> None:
        """Record the new target snapshot of an identity."""
        trial = self._trials.get(identity)
        if trial is None:
            trial = self._trials[identity] = _Trial(snapshot)
        elif trial.newest is snapshot:
            return
        else:
            accepted = trial.newest if trial.takers else trial.accepted
            self._trials[identity] = trial = _Trial(snapshot, accepted=accepted)
        known = self._known.get(str(identity.key)) if self._known else None
        if known is not None and known[0] == snapshot.version:
            trial.refused_at = known[1]

    def choose(self, identity: ProxyIdentity, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot for a new proxy, given the newest one."""
        self.offer(identity, snapshot)
        self._absent.pop(identity, None)
        return (self._fallback(identity) or snapshot) if self._held(identity) else snapshot

    def took(self, identity: ProxyIdentity, snapshot: Snapshot, proxy: Hashable) -> bool:
        """Record that a proxy accepted a snapshot; return whether the snapshot is no longer held
        back because of this."""
        trial = self._trials.get(identity)
        if trial is None or trial.newest is not snapshot or len(trial.takers) >= _MOST_TAKERS:
            return False
        first = not trial.takers
        trial.takers.add(proxy)
        return first and trial.refused_at is not None

    def refused(
        self, identity: ProxyIdentity, snapshot: Snapshot, proxy: Hashable
    ) -> Snapshot | None:
        """Record that a proxy refused a snapshot; return the snapshot to offer instead, if there is
        one."""
        trial = self._trials.get(identity)
        if trial is None or trial.newest is not snapshot:
            return None
        # A client may accept its clusters, which is all that it subscribes to, and then refuse
        # more.
        trial.takers.discard(proxy)
        trial.refused_at = self._now()
        return self._fallback(identity)

    def left(self, identity: ProxyIdentity) -> None:
        """Record that the last proxy of an identity has disconnected."""
        trial = self._trials.get(identity)
        if trial is None or trial.refused_at is None or trial.takers:
            self._trials.pop(identity, None)
            return
        self._absent[identity] = None
        if len(self._absent) > _MOST_ABSENT:
            forgotten, _ = self._absent.popitem(last=False)
            del self._trials[forgotten]

    def _held(self, identity: ProxyIdentity) -> bool:
        trial = self._trials[identity]
        if trial.refused_at is None or trial.takers:
            return False
        return self._now() - trial.refused_at < RETRY_S

    def _fallback(self, identity: ProxyIdentity) -> Snapshot | None:
        trial = self._trials[identity]
        now = self._now()
        if trial.accepted is None and (
            trial.looked_at is None or not 0 <= now - trial.looked_at < _LOOK_AGAIN_S
        ):
            trial.looked_at = now
            trial.accepted = self._recall(identity)
        accepted = trial.accepted
        return None if accepted is None or accepted.same_as(trial.newest) else accepted
