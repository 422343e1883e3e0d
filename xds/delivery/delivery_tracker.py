"""Delivery tracker: combines the facts of all serving processes into events for the log.

A commit that several processes serve is published once, when each has offered it, and converges
once, when the proxies of all have acknowledged it. Call it from the event loop's thread.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Protocol, TypeAlias, assert_never

from events.publication import Publication
from events.types import (
    CONNECTIONS_FULL,
    CommitId,
    Seq,
    ServerStarted,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from xds.delivery.commit_delivery import Delivery, Pending
from xds.delivery.flapping import PERIOD_NS
from xds.delivery.proxy_status import StreamId
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import (
    Arrived,
    Explained,
    Fact,
    FellBack,
    Finished,
    Full,
    Joined,
    Left,
    Offered,
    Passed,
    Rejected,
    Released,
    Wrote,
)

HERE: Final = 0
"""Number of the only server when it runs in this process."""


SETTLE_S: Final = 1.0
"""How long proxy states without an event of their own are collected before they are recorded."""
_PERIOD_S: Final = PERIOD_NS / 1_000_000_000


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel the call."""


Later: TypeAlias = Callable[[float, Callable[[], None]], Timer]
"""Schedules a function after some seconds."""


def _later(delay_s: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(delay_s, call)


@dataclass(slots=True)
class _Round:
    """A publication, and the servers that have not offered it to all of theirs yet."""

    seq: Seq
    pending: Pending | None
    unfinished: set[int]
    skipped: bool = False
    """True if a server went on to a newer one without offering this one, or does not answer."""


class DeliveryTracker:
    """Turns facts of all servers into events, and passes them to a recorder."""

    def __init__(self, recorder: Recorder, later: Later = _later) -> None:
        self._recorder = recorder
        self._later = later
        self._delivery = Delivery()
        self._joined: dict[tuple[int, int], Joined] = {}
        self._known = False
        self._commit: CommitId | None = None
        self._served: Seq | None = None
        self._rounds: list[_Round] = []
        """The newest publication, after those that it overtook and that are still being offered."""
        self._silent: set[int] = set()
        """The servers that do not answer now."""
        self._stranded: set[int] = set()
        """The servers that did not answer when there was something new, and have not caught up."""
        self._full: set[int] = set()
        self._settle_timer: Timer | None = None
        self._settle_after_s = 0.0
        self._delay: Timer | None = None

    def begin(self, publication: Publication, servers: Iterable[int] = (HERE,)) -> None:
        """Record that these servers are about to offer a publication.

        It is an event only if the commit changes: the state that a server finds at its start is not
        a publication.
        """
        known, self._known = self._known, True
        if not known:
            # No proxy is served before this, and earlier connections have ended.
            self._recorder.record([ServerStarted(version("gitmesh"))])
        before, self._commit = self._commit, publication.state.commit
        self._served = publication.state.seq
        if self._commit == before or not (known or publication.moved_ns is not None):
            return
        overtaken = [each for each in self._rounds if each.unfinished]
        pending = self._delivery.begin(publication)
        newest = _Round(publication.state.seq, pending, set(servers) - self._silent)
        self._rounds = [*overtaken, newest]
        for server in self._silent:
            self._strand(server)
        self._settle_soon()

    def report(self, fact: Fact, server: int = HERE) -> None:
        """Process a fact from a server."""
        match fact:
            case Offered() | Wrote() | Arrived():  # By far the most frequent ones.
                self._progress(fact, server)
            case Joined():
                self._join((server, fact.stream), fact)
            case Left():
                self._leave((server, fact.stream), fact.reason)
            case Rejected():
                self._delivery.refused((server, fact.stream), fact)
            case Explained():
                self._recorder.record(self._delivery.explained(fact))
            case FellBack():
                self._delivery.fell_back((server, fact.stream))
            case Released():
                self._delivery.released((server, fact.stream))
            case _:
                self._progress(fact, server)
        self._settle_soon()

    def _fill(self, server: int, words: str) -> None:
        """Record whether a server has room; only the first shortage and the last recovery are
        events."""
        before = bool(self._full)
        if words:
            self._full.add(server)
            if not before:
                self._recorder.record([SourceDegraded(CONNECTIONS_FULL, words)])
            return
        self._full.discard(server)
        if before and not self._full:
            self._recorder.record([SourceRecovered(CONNECTIONS_FULL)])

    def _progress(
        self, fact: Offered | Wrote | Arrived | Finished | Passed | Full, server: int
    ) -> None:
        """Process a fact about the progress of a publication."""
        match fact:
            case Wrote():
                self._delivery.wrote((server, fact.stream), fact.at_ns)
            case Arrived():
                stream = server, fact.stream
                self._recorder.record(self._delivery.arrived(stream, fact.at_ns))
            case Offered() | Finished():
                found = self._round(server, fact.seq)
                if found is not None:
                    self._advance(found, fact, server)
            case Full():
                self._fill(server, fact.words)
            case Passed():
                pass  # Only servers use this fact, between each other.
            case _:
                assert_never(fact)

    def _advance(self, at: _Round, fact: Offered | Finished, server: int) -> None:
        match fact:
            case Offered():
                late = None if at is self._rounds[-1] else at.pending
                self._delivery.offered((server, fact.stream), fact.node, late)
            case Finished():
                if at.pending is not None:
                    at.pending.unchanged += fact.unchanged
                self._finish(server, fact.at_ns, at)

    async def passed(self, seq: Seq, wave: int) -> None:
        """Do nothing: the caller is the only server."""

    def lost(self, server: int, reason: str, at_ns: int) -> None:
        """Record that a server process died: its streams ended, and it blocks no publication."""
        self._fill(server, "")
        if server in self._silent:
            self._silent.discard(server)
            self._recorder.record([WorkerResponsive(server, "ended")])
        self._stranded.discard(server)
        for stream in self._streams(server):
            self._leave(stream, reason)
        # This server was to find the causes of what its streams refused.
        self._recorder.record(
            self._delivery.unexplained(lambda stream: _server_of(stream) == server)
        )
        self._finish(server, at_ns)

    def silent(self, server: int, process: int, at_ns: int) -> None:
        """Record that a server does not answer: it blocks no publication, and its proxies count as
        behind as soon as there is a newer commit."""
        streams = self._streams(server)
        self._silent.add(server)
        self._recorder.record([WorkerUnresponsive(server, process, len(streams))])
        if self._rounds and server in self._rounds[-1].unfinished:
            self._strand(server)
        self._finish(server, at_ns)
        self._settle_soon()

    def answers(self, server: int) -> None:
        """Take note that a server answers again; it may have to catch up."""
        if server in self._silent:
            self._silent.discard(server)
            self._recorder.record([WorkerResponsive(server, "answers")])

    def _strand(self, server: int) -> None:
        self._stranded.add(server)
        self._delivery.unreached(self._streams(server))

    def _streams(self, server: int) -> list[tuple[int, int]]:
        return [stream for stream in self._joined if stream[0] == server]

    def _join(self, stream: tuple[int, int], fact: Joined) -> None:
        self._joined[stream] = fact
        self._recorder.record(self._delivery.connected(stream, fact, fact.at_ns))

    def _leave(self, stream: tuple[int, int], reason: str) -> None:
        if self._joined.pop(stream, None) is not None:
            self._recorder.record(self._delivery.disconnected(stream, reason))

    def _round(self, server: int, seq: Seq) -> _Round | None:
        """Return the newest round with the state at this position that the server may be at."""
        for each in reversed(self._rounds):
            if each.seq == seq:
                newest = each is self._rounds[-1]
                return each if newest or server in each.unfinished else None
        return None

    def _finish(self, server: int, at_ns: int, last: _Round | None = None) -> None:
        """Take note that a server has offered a publication, and none before it any more.

        Without one: it offers none at all.
        """
        newest = self._rounds[-1] if self._rounds else None
        for each in self._rounds:
            if server in each.unfinished:
                each.unfinished.discard(server)
                each.skipped = each.skipped or each is not last
                if not each.unfinished:
                    self._publish(each, at_ns, newest=each is newest)
            if each is last:
                break
        if last is not None and last is newest and server in self._stranded:
            self._stranded.discard(server)
            self._recorder.record(self._delivery.reached(self._streams(server), at_ns))
        self._rounds = [each for each in self._rounds if each.unfinished or each is newest]

    def _publish(self, done: _Round, at_ns: int, *, newest: bool) -> None:
        if newest:
            self._recorder.record(self._delivery.published(at_ns))
            self._watch_delay(0.0)
        elif done.pending is not None and (done.pending.offered or not done.skipped):
            self._recorder.record(self._delivery.overtaken(done.pending))

    # ---- batched states and delays ---------------------------------------------------------------

    def _settle_soon(self) -> None:
        """Schedule the recording of proxy states that the log does not know."""
        statuses = self._delivery.statuses
        if not (statuses.has_unrecorded or statuses.withheld):
            return
        after_s = SETTLE_S if statuses.has_unrecorded else _PERIOD_S
        if self._settle_timer is not None:
            if self._settle_after_s <= after_s:
                return
            self._settle_timer.cancel()
        self._settle_after_s = after_s
        self._settle_timer = self._later(after_s, self._settle)

    def _settle(self) -> None:
        self._settle_timer = None
        # While a commit is being offered, it is not known which commit a proxy's state belongs to.
        offering = bool(self._rounds and self._rounds[-1].unfinished)
        if self._commit is not None and self._served is not None and not offering:
            now_ns = time.time_ns()
            events = self._delivery.statuses.settle(self._commit, self._served, now_ns)
            self._recorder.record(events)
        self._settle_soon()

    def _watch_delay(self, waited_s: float) -> None:
        """Schedule the report of a commit that does not converge."""
        if self._delay is not None:
            self._delay.cancel()
            self._delay = None
        after_s = self._delivery.next_delay_s
        if after_s is None:
            return

        def tell() -> None:
            self._recorder.record(self._delivery.delayed())
            self._settle_soon()
            self._watch_delay(after_s)

        self._delay = self._later(after_s - waited_s, tell)


def _server_of(stream: StreamId) -> object:
    return stream[0] if isinstance(stream, tuple) else HERE
