"""Which snapshot a proxy gets while the newest is being refused: the last one its like accepted.

A proxy that refuses part of a snapshot goes on with what it had. One that has just started has
nothing: what its like refuse would leave it without a listener. So a snapshot that was refused and
that nobody of the same identity has taken is *held back* from those who come, and one who comes and
refuses a snapshot that others took is served an older one by itself. Whatever is new is tried anew,
by everybody.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from xds.nodes import ProxyIdentity
from xds.snapshot import Snapshot

RETRY_S: Final = 600.0
"""How long a refusal holds a snapshot back. What was wrong may have been the proxy's machine."""
_MOST_TAKERS: Final = 16
"""How many of those who took a snapshot are known by name: enough to outlive the doubt of one."""
_MOST_ABSENT: Final = 256
"""For how many identities without a proxy it is remembered that their snapshot is refused."""

_LOOK_AGAIN_S: Final = 2.0
"""The log learns what was accepted a moment after it was."""

Refusal = tuple[str, float]
"""The version of a snapshot that was refused, and when."""


@dataclass(slots=True)
class _Trial:
    """An identity's newest snapshot, and what became of it."""

    newest: Snapshot
    takers: set[Hashable] = field(default_factory=set)
    refused_at: float | None = None
    accepted: Snapshot | None = None
    """The one accepted last, of those before."""
    looked_at: float | None = None
    """When the log was last asked for it in vain."""


class Acceptance:
    """What the proxies of each identity made of their newest snapshot, and what they had before.

    :param recall: what the log says was accepted last, as a snapshot of today; or ``None``.
    :param now: seconds, on a clock that goes on while the process does not: since the epoch.
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
        """Take note of what the log says is refused, by node id, when the server starts."""
        self._known = refusals

    def offer(self, identity: ProxyIdentity, snapshot: Snapshot) -> None:
        """Take note of what the proxies of an identity are to have from now on."""
        trial = self._trials.get(identity)
        if trial is None:
            trial = self._trials[identity] = _Trial(snapshot)
        elif trial.newest is snapshot:
            return
        else:
            accepted = trial.newest if trial.takers else trial.accepted
            self._trials[identity] = trial = _Trial(snapshot, accepted=accepted)
        known = self._known.get(str(identity.key))
        if known is not None and known[0] == snapshot.version:
            trial.refused_at = known[1]

    def choose(self, identity: ProxyIdentity, snapshot: Snapshot) -> Snapshot:
        """Return what a proxy that comes is to have, if this is the newest there is."""
        self.offer(identity, snapshot)
        self._absent.pop(identity, None)
        return (self._fallback(identity) or snapshot) if self._held(identity) else snapshot

    def took(self, identity: ProxyIdentity, snapshot: Snapshot, proxy: Hashable) -> bool:
        """Take note that a proxy has all of a snapshot; return whether that ends its being held."""
        trial = self._trials.get(identity)
        if trial is None or trial.newest is not snapshot or len(trial.takers) >= _MOST_TAKERS:
            return False
        first = not trial.takers
        trial.takers.add(proxy)
        return first and trial.refused_at is not None

    def refused(
        self, identity: ProxyIdentity, snapshot: Snapshot, proxy: Hashable
    ) -> Snapshot | None:
        """Take note that a proxy refused part of a snapshot; return what it could have instead."""
        trial = self._trials.get(identity)
        if trial is None or trial.newest is not snapshot:
            return None
        # One may take its clusters, and with them all that it has asked for, and then refuse more.
        trial.takers.discard(proxy)
        trial.refused_at = self._now()
        return self._fallback(identity)

    def left(self, identity: ProxyIdentity) -> None:
        """Take note that the last proxy of an identity has left."""
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
