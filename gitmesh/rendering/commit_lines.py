"""Commits as single lines: what changed, who, why, and with what effect.

``route cart/all: cart-v2 10 % → 25 %, Alice, CHG-123, 3/3 proxies in 84 ms``
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from events.encoding.bodies import KIND_OF
from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader
from events.types import (
    Chain,
    Record,
    Seq,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.queries.commits import LoggedCommit, logged_commit
from gitmesh.rendering.amounts import count, milliseconds
from gitmesh.rendering.narration import dropped_words, narrate, short
from gitmesh.safe_text import visible

SHOWN_CHANGES: Final = 2
_VERBS: Final = {
    "ResourceAdded": "added",
    "ResourceChanged": "changed",
    "TrafficShifted": "shifted",
    "ResourceRemoved": "removed",
}
_COMMITS: Final = ("CommitApplied", "CommitRejected")
_OFFERS: Final = ("SnapshotPublished", "SnapshotRejected")
_REASONS: Final = frozenset({"ticket", "change", "change-id", "issue", "refs", "reason", "closes"})
"""Trailers that give a reason, in lower case."""


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


def commit_line(found: LoggedCommit) -> str:
    """Return a commit as one line that is safe for a terminal."""
    _, *changes = found.records
    if found.rejected:
        what = narrate(decode(found.records[0])).partition("\n")[0]
    elif not changes:
        what = f"no change: “{_subject(found)}”"
    elif len(changes) <= SHOWN_CHANGES:
        what = "; ".join(narrate(decode(record)) for record in changes)
    else:
        what = f"“{_subject(found)}”: {_counted(changes)}"
    # What is said of a refused commit names its author already.
    who = [] if found.rejected else [found.facts.author.name or "nobody"]
    said = [what, *who, *_reasons(found), *_dropped(found), *_effect(found)]
    place = f"{found.at[:19].replace('T', ' ')}  {short(found.facts.commit)}"
    return visible(f"{place}  {', '.join(said)}")


def commit_json(found: LoggedCommit) -> dict[str, object]:
    """Return the content of :func:`commit_line` as JSON."""
    facts = found.facts
    return {
        "commit": facts.commit,
        "seq": found.first,
        "at": found.at,
        "outcome": "rejected" if found.rejected else "applied",
        "author": {"name": facts.author.name, "email": facts.author.email},
        "subject": _subject(found),
        "trailers": [list(trailer) for trailer in facts.trailers],
        "reverts": list(facts.reverts),
        "changes": [
            {"kind": record.kind, "subject": record.subject, "data": record.data}
            for record in found.records[1:]
        ],
        "dropped": [] if found.rewritten is None else list(found.rewritten.dropped),
        "effect": list(_effect(found)),
        "neverServed": found.instead is not None,
    }


def _counted(changes: Sequence[Record]) -> str:
    """Return ``19 resources added, 1 removed``."""
    counts = Counter(_VERBS[KIND_OF[type(decode(record))]] for record in changes)
    first, *more = ((verb, counts[verb]) for verb in dict.fromkeys(_VERBS.values()) if counts[verb])
    return ", ".join([f"{count(first[1], 'resource')} {first[0]}", *(f"{n} {v}" for v, n in more)])


def _subject(found: LoggedCommit) -> str:
    return found.facts.message.partition("\n")[0].strip()


def _reasons(found: LoggedCommit) -> list[str]:
    reasons = [value for name, value in found.facts.trailers if name.lower() in _REASONS]
    return reasons + [f"reverts {short(commit)}" for commit in found.facts.reverts]


def _dropped(found: LoggedCommit) -> list[str]:
    """Return which commits a force push to this one took off the branch."""
    lost = () if found.rewritten is None else found.rewritten.dropped
    return [f"{count(len(lost), 'commit')} {dropped_words(lost)}"] if lost else []


def _effect(found: LoggedCommit) -> Iterator[str]:
    """Yield the effect on proxies: how many accepted it and how fast, and which refused it."""
    offered, taken = 0, ""
    for record in found.delivery:
        match decode(record):
            case SnapshotPublished() as published:
                offered = published.proxies
            case SnapshotConverged() as converged if converged.proxies:
                acked = converged.timings.get("acked")
                took = f" in {milliseconds(acked)}" if acked is not None else ""
                # A commit that is served again, by a pin, is told as the last time.
                taken = f"{converged.proxies}/{max(offered, converged.proxies)} proxies{took}"
            case SnapshotRejected() as refused:
                yield f"REFUSED by {refused.node}"
            case _:
                pass
    if taken:
        yield taken
    if found.instead is not None:
        yield "never served"
