"""Commits as single lines: changes, author, reason and effect.

``route cart/all: cart-v2 10 % → 25 %, Alice, CHG-123, 3/3 proxies in 84 ms``
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from events.encoding.bodies import KIND_OF
from events.encoding.codec import decode
from events.types import Record
from gitmesh.queries.commits import LoggedCommit, effect_of
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
_REASONS: Final = frozenset({"ticket", "change", "change-id", "issue", "refs", "reason", "closes"})
"""Trailers that give a reason, in lower case."""


def commit_line(found: LoggedCommit) -> str:
    """Return a commit as one line that is safe for a terminal."""
    _, *changes = found.records
    if found.rejected:
        what = narrate(decode(found.records[0])).partition("\n")[0]
    elif not changes:
        what = f"no change: “{subject_of(found)}”"
    elif len(changes) <= SHOWN_CHANGES:
        what = "; ".join(narrate(decode(record)) for record in changes)
    else:
        what = f"“{subject_of(found)}”: {_counted(changes)}"
    # What is said of a refused commit names its author already.
    who = [] if found.rejected else [found.facts.author.name or "nobody"]
    said = [what, *who, *_reasons(found), *_dropped(found), *effect_words(found)]
    place = f"{found.at[:19].replace('T', ' ')}  {short(found.facts.commit)}"
    return visible(f"{place}  {', '.join(said)}")


def _counted(changes: Sequence[Record]) -> str:
    """Return ``19 resources added, 1 removed``."""
    counts = Counter(_VERBS[KIND_OF[type(decode(record))]] for record in changes)
    first, *more = ((verb, counts[verb]) for verb in dict.fromkeys(_VERBS.values()) if counts[verb])
    return ", ".join([f"{count(first[1], 'resource')} {first[0]}", *(f"{n} {v}" for v, n in more)])


def subject_of(found: LoggedCommit) -> str:
    """Return the first line of the commit's message."""
    return found.facts.message.partition("\n")[0].strip()


def _reasons(found: LoggedCommit) -> list[str]:
    reasons = [value for name, value in found.facts.trailers if name.lower() in _REASONS]
    return reasons + [f"reverts {short(commit)}" for commit in found.facts.reverts]


def _dropped(found: LoggedCommit) -> list[str]:
    """Return, as text, the commits that a force push to this commit removed from the branch."""
    lost = () if found.rewritten is None else found.rewritten.dropped
    return [f"{count(len(lost), 'commit')} {dropped_words(lost)}"] if lost else []


def effect_words(found: LoggedCommit) -> Iterator[str]:
    """Yield the effect on proxies: how many accepted it and how fast, and which refused it."""
    effect = effect_of(found)
    for node in effect.refused_by:
        yield f"REFUSED by {node}"
    if (taken := effect.taken) is not None:
        took = "" if taken.took_us is None else f" in {milliseconds(taken.took_us)}"
        yield f"{taken.proxies}/{taken.of} proxies{took}"
    if pins := effect.pins:
        times = f" {len(pins)} times, last" if len(pins) > 1 else ""
        yield f"pinned{times} by {pins[-1].by}"
    if found.instead is not None:
        yield "never served"
