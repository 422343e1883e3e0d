"""Log lines for new events: one per commit, one per snapshot."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Final

from events.encoding.codec import decode
from events.store import EventReader, LogUnavailable
from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    Event,
    HistoryRewritten,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    PushReceived,
    PushRefused,
    RulesChanged,
    Seq,
    ServingPinned,
    ServingReleased,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from gitmesh.rendering.narration import SHOWN_DROPPED, narrate, problem_place, short

_log = logging.getLogger("gitmesh")

LOOK_EVERY_S = 0.25
MOST_AT_ONCE = 50
"""Maximum number of commits logged at once. After a long downtime there may be thousands; only the
newest are logged.

Warnings are always logged.
"""


class EventLogger:
    """Logs new events of both chains; earlier ones are not logged.

    It polls the log instead of reacting at once, because proxies have priority right after a push.
    """

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._asked = asyncio.Event()
        self._then: list[Callable[[], None]] = []

    def then(self, tell: Callable[[], None]) -> None:
        """Read the log now, and call ``tell`` once log lines are written for all its events."""
        self._then.append(tell)
        self._asked.set()

    async def run(self) -> None:
        """Log new events until cancelled."""
        seen = {chain: self._log.head(chain).seq for chain in Chain}
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            self._asked.clear()
            after, self._then = self._then, []
            with contextlib.suppress(LogUnavailable):  # it is told when the log can be read again
                for chain in Chain:
                    seen[chain] = await _tell_new(self._log, chain, seen[chain])
            for tell in after:
                tell()


async def _tell_new(log: EventReader, chain: Chain, seen: Seq) -> Seq:
    records = await asyncio.to_thread(lambda: list(log.read(chain, after=seen)))
    lines = [
        (record, line)
        for record in records
        if (line := _line(decode(record))) and _log.isEnabledFor(line[0])
    ]
    calm = [record.seq for record, (level, *_) in lines if level < logging.WARNING]
    omitted = frozenset(calm[:-MOST_AT_ONCE])
    if omitted:
        _log.info("more than can be told", extra={"chain": chain.value, "omitted": len(omitted)})
    for record, (level, message, facts) in lines:
        if record.seq in omitted:
            continue
        extra = {"commit": short(record.commit)} if record.commit else {}
        _log.log(
            level, message, extra={**extra, "chain": record.chain.value, "seq": record.seq, **facts}
        )
    return records[-1].seq if records else seen


_WARNED: Final = (
    SnapshotRejected,
    SnapshotDelayed,
    SourceDegraded,
    ServingPinned,
    ServingReleased,
    ProxiesFlapped,
    WorkerUnresponsive,
    WorkerResponsive,
)

_Line = tuple[int, str, Mapping[str, object]]


def _line(event: Event) -> _Line | None:
    match event:
        case CommitApplied() | CommitRejected() | HistoryRewritten():
            return _commit(event)
        case SnapshotPublished():
            return (
                logging.INFO,
                "snapshot published",
                {
                    "nodes": len(event.nodes),
                    "proxies": event.proxies,
                    "mesh_seq": event.mesh_seq,
                },
            )
        case SnapshotConverged():
            times = {f"{name}_ms": us / 1000 for name, us in event.timings.items()}
            facts = {"proxies": event.proxies, "after": event.after.value, **times}
            return logging.INFO, "snapshot converged", facts
        case SnapshotRejected() | SnapshotDelayed() | SourceDegraded() | PushRefused():
            # The problems of a refused push are in the event log.
            return logging.WARNING, narrate(event).partition("\n")[0], {}
        case (
            ServingPinned()
            | ServingReleased()
            | ProxiesFlapped()
            | WorkerUnresponsive()
            | WorkerResponsive()
        ):
            return logging.WARNING, narrate(event), {}
        case SourceRecovered() | PushReceived() | RulesChanged():
            return logging.INFO, narrate(event), {}
        case ProxyConnected() | ProxyDisconnected() | ProxiesSettled():
            return logging.DEBUG, narrate(event), {}
        case _:
            return None


def _commit(event: CommitApplied | CommitRejected | HistoryRewritten) -> _Line:
    match event:
        case CommitApplied():
            return logging.INFO, "commit applied", {"changes": event.changes, **_who(event)}
        case CommitRejected():
            found = len(event.problems) + event.omitted
            first = event.problems[0] if event.problems else None
            told = f"{problem_place(first)}: {first.get('message')}" if first else ""
            facts = {"problems": found, "first": told, **_who(event)}
            return logging.WARNING, "commit rejected", facts
        case HistoryRewritten():
            moved = {"before": short(event.before), "after": short(event.after)}
            lost = {
                "dropped": len(event.dropped),
                "commits": ",".join(map(short, event.dropped[:SHOWN_DROPPED])),
                "topology": event.topology,
            }
            return logging.WARNING, "history rewritten", {**moved, **lost}


def _who(event: CommitApplied | CommitRejected) -> dict[str, object]:
    subject = event.facts.message.partition("\n")[0]
    return {"author": event.facts.author.name, "subject": subject}
