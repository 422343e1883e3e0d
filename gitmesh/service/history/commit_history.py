"""The newest commits with a matching event."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from events.query import Query
from events.store import EventReader
from events.types import Chain, Record, Seq
from gitmesh.queries.commits import LoggedCommit, logged_commit

_COMMITS: Final = ("CommitApplied", "CommitRejected")
_OFFERS: Final = ("SnapshotPublished", "SnapshotRejected")


def logged_commits(log: EventReader, query: Query, limit: int) -> Iterator[LoggedCommit]:
    """Yield the newest commits with a matching event, oldest first; all if ``limit`` is 0."""
    if query.node:
        yield from _of_node(log, query, limit)
        return
    asks_for_commits = not query.kinds and query.within is None
    found: list[Record] = log.select(
        Chain.MESH,
        replace(query, kinds=_COMMITS) if asks_for_commits else query,
        limit if asks_for_commits else 0,
    )
    told: dict[Seq, None] = {}
    for record in found:
        first = log.first_seq_of_commit(record.seq)
        if first is not None:
            told[first] = None
    for seq in list(told)[-limit:] if limit else told:
        yield logged_commit(log, seq)


def _of_node(log: EventReader, query: Query, limit: int) -> Iterator[LoggedCommit]:
    """Yield the newest commits that changed a node or were offered to its proxies."""
    offers = (each for each in log.select(Chain.DELIVERY, query) if each.kind in _OFFERS)
    offered = {log.seq_of_commit(commit) for commit in {each.commit for each in offers}}
    seqs = {each.seq for each in log.select(Chain.MESH, query)} | offered
    firsts = {log.first_seq_of_commit(seq) for seq in seqs if seq is not None}
    found = sorted(seq for seq in firsts if seq is not None)
    for seq in found[-limit:] if limit else found:
        yield logged_commit(log, seq)
