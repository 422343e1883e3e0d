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


def logged_commits(
    log: EventReader, query: Query, limit: int, kinds: tuple[str, ...] = ()
) -> Iterator[LoggedCommit]:
    """Yield the newest commits with a matching event, oldest first; all if ``limit`` is 0.

    :param kinds: the kinds of their events in the delivery chain that are read; all if empty.
    """
    found = _of_node(log, query) if query.node else _matching(log, query, limit)
    for seq in found[-limit:] if limit else found:
        yield logged_commit(log, seq, kinds)


def _matching(log: EventReader, query: Query, limit: int) -> list[Seq]:
    """Return the first positions of at least the ``limit`` newest commits, oldest first."""
    asked = query if query.kinds or query.within else replace(query, kinds=_COMMITS)
    told: dict[Seq, None] = {}
    while True:
        records: list[Record] = log.select(Chain.MESH, asked, limit)
        for record in reversed(records):
            begins = record.kind in _COMMITS
            first = record.seq if begins else log.first_seq_of_commit(record.seq)
            if first is not None:
                told[first] = None
        if not limit or len(told) >= limit or len(records) < limit or records[0].seq <= 1:
            return [*reversed(told)]
        asked = replace(asked, before=records[0].seq)


def _of_node(log: EventReader, query: Query) -> list[Seq]:
    """Return the first positions of commits that changed a node or were offered to its proxies."""
    offers = (each for each in log.select(Chain.DELIVERY, query) if each.kind in _OFFERS)
    offered = {log.seq_of_commit(commit) for commit in {each.commit for each in offers}}
    seqs = {each.seq for each in log.select(Chain.MESH, query)} | offered
    firsts = {log.first_seq_of_commit(seq) for seq in seqs if seq is not None}
    return sorted(seq for seq in firsts if seq is not None)
