"""Status of a commit according to the log: applied or rejected, and which proxies have it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from events.clock import utc_now
from events.deliveries import Delivered, Fleet, Proxy
from events.store import EventReader
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
from gitmesh.queries.commits import OF_DELIVERY, logged_commit
from gitmesh.queries.pins import is_over, pinned
from gitmesh.queries.refusal_locations import RefusalLocation, RefusalLocations
from gitmesh.queries.requested_commit import RefusedPush


class Verdict(StrEnum):
    """Summary of a commit's status."""

    IN_SYNC = "in-sync"
    """Every proxy that the commit affects has it."""
    PENDING = "pending"
    """The commit is not read yet, not published yet, or some proxies do not have it yet."""
    REFUSED = "refused"
    """The commit or its push was refused, or a proxy refuses it."""
    OVERTAKEN = "overtaken"
    """The commit was applied, and a newer commit replaced it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal with its causes and remedy."""

    event: SnapshotRejected
    locations: tuple[RefusalLocation, ...]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The proxies of one node."""

    node: str
    states: Counter[ProxyState]
    refusals: tuple[Refused, ...]

    @property
    def refuses(self) -> bool:
        """True if at least one of the proxies refuses the commit, with or without a known
        reason."""
        states = self.states
        return bool(self.refusals or states[ProxyState.REFUSED] or states[ProxyState.LAST_ACCEPTED])


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """Status of a commit."""

    commit: CommitId
    about: CommitApplied | CommitRejected | None
    """Event that applied or rejected the commit; ``None`` if no server has read it yet."""
    recorded_at: str
    served: CommitId | None
    """The commit whose mesh is served now."""
    delivered: Delivered | None
    """First delivery of the commit since it was recorded."""
    nodes: tuple[NodeStatus, ...]
    """For the served commit, the states of all proxies; for others, the proxies that refused it."""
    degraded: tuple[tuple[str, SourceDegraded], ...]
    offered: bool = True
    """True if the commit was offered to proxies, so that their states refer to it."""
    pin: ServingPinned | None = None
    """The current pin, if there is one."""
    pin_is_over: bool = False
    """True if the pin has expired while no server was running."""
    newest: CommitId | None = None
    """The newest valid commit of the branch according to the log; served, unless there is a pin."""
    instead: CommitId | None = None
    """The commit that replaced this one before it was served."""
    waits: bool = False
    """True if the commit is not served only because of the pin."""
    again: Delivered | None = None
    """Last delivery of the commit, if it was served again later: by a pin, or after a pin."""
    refused_push: RefusedPush | None = None
    """The refused push of the commit, if the repository does not contain it."""
    unresponsive: tuple[tuple[str, WorkerUnresponsive], ...] = ()
    """The workers of the server that do not answer, with the time at which that was detected."""

    @property
    def facts(self) -> CommitFacts | None:
        """Metadata of the commit."""
        return None if self.about is None else self.about.facts

    @property
    def is_served(self) -> bool:
        """True if this commit's mesh is served now."""
        return self.commit == self.served

    @property
    def verdict(self) -> Verdict:
        """Summary of a commit's status."""
        if self.about is None:
            return Verdict.PENDING if self.refused_push is None else Verdict.REFUSED
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


def commit_status(log: EventReader, commit: CommitId, repo: Path) -> CommitStatus:
    """Return the status of a commit according to the log."""
    fleet, seq = log.fleet(), log.seq_of_commit(commit)
    pin, degraded, newest = pinned(log), tuple(fleet.degraded()), log.served_commit()
    served = newest if pin is None else pin.commit
    over = pin is not None and is_over(pin, utc_now())
    if seq is None:
        return CommitStatus(
            commit, None, "", served, None, (), degraded, pin=pin, pin_is_over=over, newest=newest
        )
    logged = logged_commit(log, seq, OF_DELIVERY)
    delivered, again = _first_and_last(fleet.deliveries(commit), logged.at)
    last = again or delivered
    # A server offers what it finds when it starts to those who come.
    offered_at = max(fleet.started_at(), "" if last is None else last.published_at)
    return CommitStatus(
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
        again=again,
        unresponsive=tuple(fleet.unresponsive()),
    )


def _first_and_last(
    deliveries: list[Delivered], recorded_at: str
) -> tuple[Delivered | None, Delivered | None]:
    """Return the first delivery after ``recorded_at``, else the last one; and the last one, if it
    is different.

    A branch that returns to a commit records it again.
    """
    since = [each for each in deliveries if each.published_at >= recorded_at] or deliveries[-1:]
    return (since[0] if since else None, since[-1] if len(since) > 1 else None)


def _nodes(
    log: EventReader,
    repo: Path,
    fleet: Fleet,
    commit: CommitId,
    served: CommitId | None,
    pin: ServingPinned | None,
) -> tuple[NodeStatus, ...]:
    proxies = fleet.proxies(None if pin is None else pin.mesh_seq) if commit == served else []
    refusals: dict[str, dict[SnapshotRejected, None]] = {}
    if commit == served:
        for proxy in proxies:
            if proxy.refusal is not None:
                refusals.setdefault(proxy.node, {})[proxy.refusal] = None
    else:
        for event in fleet.refusals(commit):
            refusals.setdefault(event.node, {})[event] = None
    locations = RefusalLocations.beside(log, repo)
    states = by_node(proxies)
    return tuple(
        NodeStatus(
            node,
            states.get(node, Counter()),
            tuple(Refused(event, locations.of(event)) for event in refusals.get(node, {})),
        )
        for node in sorted(states.keys() | refusals.keys())
    )


def by_node(proxies: Iterable[Proxy]) -> dict[str, Counter[ProxyState]]:
    """Count the proxies of each node by state."""
    states: dict[str, Counter[ProxyState]] = {}
    for proxy in proxies:
        states.setdefault(proxy.node, Counter())[proxy.state] += 1
    return states
