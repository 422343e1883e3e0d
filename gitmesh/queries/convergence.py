"""Share of proxies that have a commit, according to the log."""

from dataclasses import dataclass

from events.store import EventReader
from events.types import CommitId, ProxyState, Seq, SnapshotPublished

_REFUSING = frozenset((ProxyState.REFUSED, ProxyState.LAST_ACCEPTED))


@dataclass(frozen=True, slots=True)
class Convergence:
    """Numbers of the connected proxies that a commit affects: in sync, refusing, and all."""

    acked: int
    refused: int
    """Number of proxies that refuse the commit, or from which it is held back after a refusal."""
    proxies: int

    def reaches(self, percent: int) -> bool:
        """Return whether this percentage of proxies has the commit; false if there are no
        proxies."""
        return self.proxies > 0 and self.acked * 100 >= percent * self.proxies

    def excludes(self, percent: int) -> bool:
        """Return whether so many proxies refuse the commit that this percentage cannot be
        reached."""
        return (self.proxies - self.refused) * 100 < percent * self.proxies

    def words(self) -> str:
        """Return the share as text."""
        verb = "refuses" if self.refused == 1 else "refuse"
        refused = f", {self.refused:,} {verb} it" if self.refused else ""
        return f"{self.acked:,} of {_proxies(self.proxies)} in sync{refused}"


def convergence(log: EventReader, first: Seq, published: SnapshotPublished) -> Convergence:
    """Return the share of proxies with the commit at this position; ``published`` names its nodes.

    A proxy counts as having it if it is in sync with this commit or a later one. With a pin, the
    served commit may be an earlier one.
    """
    nodes = frozenset(published.nodes)
    proxies = [
        proxy
        for proxy in log.fleet().proxies()
        if proxy.node in nodes and proxy.state is not ProxyState.NODE_REMOVED
    ]
    positions = {commit: log.seq_of_commit(commit) for commit in {p.commit for p in proxies}}

    def has(commit: CommitId) -> bool:
        seq = positions[commit]
        return seq is not None and seq >= first

    acked = sum(p.state is ProxyState.IN_SYNC and has(p.commit) for p in proxies)
    refused = sum(p.state in _REFUSING for p in proxies)
    return Convergence(acked, refused, len(proxies))


def _proxies(number: int) -> str:
    return "1 proxy" if number == 1 else f"{number:,} proxies"
