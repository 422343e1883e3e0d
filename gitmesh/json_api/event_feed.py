"""Events of the log after a position, in bounded batches."""

import heapq
import re
from dataclasses import dataclass, replace
from typing import Final, Self

from events.documentation.kind_docs import KINDS
from events.store import EventReader
from events.types import Chain, Record, Seq
from gitmesh.access.permission import Permission
from gitmesh.access.visibility import is_visible
from gitmesh.json_api.asking import Asked
from gitmesh.json_api.errors import bad_request
from gitmesh.json_shapes.events import event_shape
from gitmesh.json_shapes.resources import EventsShape
from mesh.keys import ResourceKey

MOST_EVENTS: Final = 500
_LOOKED_AT: Final = 2_000
"""Maximum number of a chain's events that are read for one batch, including those that do not
match."""
_ONE: Final = re.compile(r"[0-9]{1,18}")
_BOTH: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
_ORDER: Final = (Chain.MESH, Chain.DELIVERY)


@dataclass(frozen=True, slots=True)
class Position:
    """Position of a reader in each of the chains that they read."""

    seqs: tuple[tuple[Chain, Seq], ...]

    @classmethod
    def end(cls, log: EventReader, chains: tuple[Chain, ...]) -> Self:
        """Return the current end of the log."""
        return cls(tuple((chain, log.head(chain).seq) for chain in chains))

    @classmethod
    def parse(cls, text: str, chains: tuple[Chain, ...]) -> Self:
        """Parse a position: ``12``, or ``12.340`` for both chains.

        :raises Refused: the text is not a position in these chains.
        """
        found = (_ONE if len(chains) == 1 else _BOTH).fullmatch(text)
        if found is None:
            form = "12" if len(chains) == 1 else "12.340, the mesh chain's before the other"
            raise bad_request(f"{text!r} is not a position", f"write it like {form}")
        numbers = found.groups() or (text,)
        return cls(tuple((c, Seq(int(n))) for c, n in zip(chains, numbers, strict=True)))

    def __str__(self) -> str:
        return ".".join(str(seq) for _, seq in self.seqs)

    def moved(self, chain: Chain, seq: Seq) -> "Position":
        """Return this position, moved to ``seq`` in one chain."""
        return replace(self, seqs=tuple((c, seq if c is chain else s) for c, s in self.seqs))


@dataclass(frozen=True, slots=True)
class Feed:
    """The events that one reader requests and may see."""

    chains: tuple[Chain, ...]
    kinds: frozenset[str]
    within: ResourceKey | None
    permission: Permission

    def batch(
        self, log: EventReader, after: Position, limit: int = MOST_EVENTS
    ) -> tuple[list[tuple[Record, Position]], Position]:
        """Return up to ``limit`` events after a position, each with the position after it.

        The second value is the position for the next batch; it also moves past events that do not
        match. Events are in order within their chain, and by time between the chains of one batch.
        """
        read = {c: list(log.read(c, after=s, limit=_LOOKED_AT)) for c, s in after.seqs}
        merged = heapq.merge(*read.values(), key=lambda r: (r.at, r.chain is not Chain.MESH, r.seq))
        found: list[tuple[Record, Position]] = []
        at = after
        for record in merged:
            at = at.moved(record.chain, record.seq)
            if self._wants(record):
                found.append((record, at))
                if len(found) == limit:
                    break
        return found, at

    def _wants(self, record: Record) -> bool:
        if self.kinds and record.kind not in self.kinds:
            return False
        if self.within is not None:
            top = str(self.within)
            if record.subject != top and not record.subject.startswith(f"{top}/"):
                return False
        return is_visible(record, self.permission)


def feed_of(asked: Asked) -> Feed:
    """Return the feed that a request asks for.

    :raises Refused: a parameter is invalid.
    """
    name, kinds = asked.query.get("chain"), asked.query.get("kind")
    if name is not None and name not in list(Chain):
        raise bad_request(f"there is no chain {name!r}", "mesh or delivery")
    wanted = frozenset(kinds.split(",")) if kinds else frozenset()
    if strange := sorted(wanted - set(KINDS)):
        raise bad_request(f"there is no kind {strange[0]!r}", "docs/events.md lists them")
    top = asked.query.get("resource")
    within = None if top is None else asked.readable(top)
    chains = _ORDER if name is None else (Chain(name),)
    return Feed(chains, wanted, within, asked.caller.permission)


def position_of(asked: Asked, feed: Feed, last_event_id: str = "") -> Position:
    """Return the position to start from: after the reader's last event, else as requested.

    :raises Refused: the position is invalid, or is after the end of the log.
    """
    end = Position.end(asked.log, feed.chains)
    text = last_event_id or asked.query.get("after", "")
    if not text:
        return end
    found = Position.parse(text, feed.chains)
    for (chain, seq), (_, last) in zip(found.seqs, end.seqs, strict=True):
        if seq > last:
            raise bad_request(f"the {chain} chain ends at {last}", "start again without a position")
    return found


def events(asked: Asked) -> EventsShape:
    """Return one batch of events."""
    feed = feed_of(asked)
    limit = asked.number("limit", MOST_EVENTS, MOST_EVENTS)
    found, at = feed.batch(asked.log, position_of(asked, feed), limit)
    return {"events": [event_shape(record) for record, _ in found], "next": str(at)}
