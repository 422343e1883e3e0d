"""How a commit stands: was it taken, who has it, who refuses it and why. From the log alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from events.fleet import Delivered, Fleet, Proxy
from events.store import EventLog, utc_now
from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    ProxyState,
    ServingPinned,
    SnapshotRejected,
    SourceDegraded,
    WorkerUnresponsive,
)
from gitmesh.commits import logged_commit
from gitmesh.culprits import Culprit, Culprits
from gitmesh.pins import is_over, pinned


class Verdict(StrEnum):
    """What it comes to."""

    IN_SYNC = "in-sync"
    """Everybody whom it concerns has it."""
    PENDING = "pending"
    """It is not read yet, not published yet, or not everybody has it yet."""
    REFUSED = "refused"
    """It was rejected, or a proxy refuses it."""
    OVERTAKEN = "overtaken"
    """It was applied, and a newer commit took its place."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What proxies refuse, where it comes from, and what can be done."""

    event: SnapshotRejected
    culprits: tuple[Culprit, ...]


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """The proxies of one node."""

    node: str
    states: Counter[ProxyState]
    refusals: tuple[Refused, ...]

    @property
    def refuses(self) -> bool:
        """Whether any of them refuses it, be it known in which words or not."""
        states = self.states
        return bool(self.refusals or states[ProxyState.REFUSED] or states[ProxyState.LAST_ACCEPTED])


@dataclass(frozen=True, slots=True)
class Standing:
    """How a commit stands."""

    commit: CommitId
    about: CommitApplied | CommitRejected | None
    """What the log says of it; ``None`` while it was not read."""
    recorded_at: str
    served: CommitId | None
    """The commit whose mesh is served now."""
    delivered: Delivered | None
    nodes: tuple[NodeStanding, ...]
    """Of the commit that is served: how all proxies stand. Of another: who refused it."""
    degraded: tuple[tuple[str, SourceDegraded], ...]
    offered: bool = True
    """Whether it has been offered to proxies, so that they stand by it."""
    pin: ServingPinned | None = None
    """What is served whatever the branch says, if anything is."""
    pin_is_over: bool = False
    """Whether its time is over, and no server was there to say so."""
    newest: CommitId | None = None
    """The newest good commit of the branch, as far as the log knows it: served, but for a pin."""
    instead: CommitId | None = None
    """The commit that took its place before it was served."""
    waits: bool = False
    """Whether it would be served, but for the pin."""
    unresponsive: tuple[tuple[str, WorkerUnresponsive], ...] = ()
    """The workers of the server that do not answer, and since when that is known."""

    @property
    def facts(self) -> CommitFacts | None:
        """What the commit says of itself."""
        return None if self.about is None else self.about.facts

    @property
    def is_served(self) -> bool:
        """Whether it is this commit's mesh that is served now."""
        return self.commit == self.served

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        if self.about is None:
            return Verdict.PENDING
        if isinstance(self.about, CommitRejected):
            return Verdict.REFUSED
        if self.is_served and not self.offered:
            return Verdict.PENDING  # What proxies refuse is what was offered before.
        if any(node.refuses for node in self.nodes):
            return Verdict.REFUSED
        if not self.is_served:
            return Verdict.PENDING if self.waits else Verdict.OVERTAKEN
        behind = any(node.states[ProxyState.BEHIND] for node in self.nodes)
        return Verdict.PENDING if behind else Verdict.IN_SYNC


def standing(log: EventLog, commit: CommitId, repo: Path) -> Standing:
    """Return how a commit stands, as far as the log knows it."""
    fleet, seq = Fleet(log), log.seq_of_commit(commit)
    pin, degraded, newest = pinned(log), tuple(fleet.degraded()), log.served_commit()
    served = newest if pin is None else pin.commit
    over = pin is not None and is_over(pin, utc_now())
    if seq is None:
        return Standing(
            commit, None, "", served, None, (), degraded, pin=pin, pin_is_over=over, newest=newest
        )
    logged = logged_commit(log, seq)
    delivered = fleet.delivered(commit)
    # A server offers what it finds when it starts to those who come.
    offered_at = max(fleet.started_at(), "" if delivered is None else delivered.published_at)
    return Standing(
        commit,
        logged.about,
        logged.at,
        served,
        delivered,
        _nodes(log, repo, fleet, commit, served, pin),
        degraded,
        offered=logged.at <= offered_at,
        pin=pin,
        pin_is_over=over,
        newest=newest,
        instead=logged.instead,
        waits=commit == newest != served,
        unresponsive=tuple(fleet.unresponsive()),
    )


def _nodes(
    log: EventLog,
    repo: Path,
    fleet: Fleet,
    commit: CommitId,
    served: CommitId | None,
    pin: ServingPinned | None,
) -> tuple[NodeStanding, ...]:
    proxies = fleet.proxies(None if pin is None else pin.mesh_seq) if commit == served else []
    refusals: dict[str, dict[SnapshotRejected, None]] = {}
    if commit == served:
        for proxy in proxies:
            if proxy.refusal is not None:
                refusals.setdefault(proxy.node, {})[proxy.refusal] = None
    else:
        for event in fleet.refusals(commit):
            refusals.setdefault(event.node, {})[event] = None
    culprits = Culprits.beside(log, repo)
    states = by_node(proxies)
    return tuple(
        NodeStanding(
            node,
            states.get(node, Counter()),
            tuple(Refused(event, culprits.of(event)) for event in refusals.get(node, {})),
        )
        for node in sorted(states.keys() | refusals.keys())
    )


def by_node(proxies: Iterable[Proxy]) -> dict[str, Counter[ProxyState]]:
    """Return how many proxies of each node stand how."""
    states: dict[str, Counter[ProxyState]] = {}
    for proxy in proxies:
        states.setdefault(proxy.node, Counter())[proxy.state] += 1
    return states
