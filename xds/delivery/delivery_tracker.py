"""Delivery tracker: combines the facts of all serving processes into events for the log.

If several processes serve a commit, it is published once, when all of them have offered it, and
converges once, when the proxies of all processes have acknowledged it. Call it from the event
loop's thread.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from events.publication import Publication
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxyState,
    Seq,
    ServerStarted,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from xds.delivery.commit_delivery import CommitDelivery, Deliveries
from xds.delivery.flapping import PERIOD_NS
from xds.delivery.proxy_status import ProxyStatuses, StreamId
from xds.delivery.recorder import Recorder
from xds.delivery.refusal_record import Refusal, RefusalRecord
from xds.delivery.scheduled_call import Later, ScheduledCall, later
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Explained,
    Fact,
    FellBack,
    Finished,
    Full,
    Offered,
    Passed,
    Refused,
    Released,
    Synced,
    Written,
)

HERE: Final = 0
"""Server number for a server that runs in this process and is the only one."""


SETTLE_S: Final = 1.0
"""Time for which proxy states without an event of their own are collected before they are recorded.
"""
_PERIOD_S: Final = PERIOD_NS / 1_000_000_000


class DeliveryTracker:
    """Turns facts of all servers into events, and passes them to a recorder."""

    def __init__(
        self,
        recorder: Recorder,
        later: Later = later,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._recorder = recorder
        self._now_ns = now_ns
        self._statuses = ProxyStatuses()
        self._refusals = RefusalRecord()
        self._deliveries = Deliveries()
        self._known = False
        self._commit: CommitId | None = None
        self._served: Seq | None = None
        self._silent: set[int] = set()
        """The servers that do not answer now."""
        self._stranded: set[int] = set()
        """The servers that did not answer when a newer commit was published, and have not caught
        up."""
        self._full: dict[str, set[int]] = {}
        self._settling = ScheduledCall(later, self._settle)
        self._delay = ScheduledCall(later, self._report_delay)
        self._handlers: Mapping[type[Fact], Callable[[Any, int], None]] = {
            Connected: self._connected,
            Disconnected: self._disconnected,
            Offered: self._offered,
            Written: self._written,
            Synced: self._synced,
            Refused: self._refused,
            Explained: self._explained,
            FellBack: self._fell_back,
            Released: self._released,
            Finished: self._finished,
            Passed: self._passed,
            Full: self._connections_full,
        }

    def begin(self, publication: Publication, servers: Iterable[int] = (HERE,)) -> None:
        """Record that these servers are about to offer a publication.

        An event is recorded only if the commit changes: the state that a server serves at its start
        is not a new publication.
        """
        known, self._known = self._known, True
        if not known:
            # No proxy is served before this, and earlier connections have ended.
            self._record(ServerStarted(version("gitmesh")))
        before, self._commit = self._commit, publication.state.commit
        self._served = publication.state.seq
        if self._commit == before or not (known or publication.moved_ns is not None):
            return
        if (replaced := self._deliveries.pending) is not None:
            self._statuses.owe(replaced.offered)
        if self._commit is not None:
            self._refusals.forget(self._commit)
        self._deliveries.begin(publication, set(servers) - self._silent)
        for server in self._silent:
            self._strand(server)
        self._settle_soon()

    def report(self, fact: Fact, server: int = HERE) -> None:
        """Process a fact from a server."""
        self._handlers[type(fact)](fact, server)
        if self._statuses.has_unrecorded:
            self._settling.within(SETTLE_S)

    async def passed(self, seq: Seq, wave: int) -> None:
        """Do nothing: the caller is the only server."""

    # ---- facts about streams ---------------------------------------------------------------------

    def _connected(self, fact: Connected, server: int) -> None:
        self._record(*self._statuses.connected((server, fact.stream), fact))
        self._settle_soon()

    def _disconnected(self, fact: Disconnected, server: int) -> None:
        self._leave((server, fact.stream), fact.reason)

    def _leave(self, stream: StreamId, reason: str) -> None:
        self._record(*self._statuses.disconnected(stream, reason))
        self._settle_soon()
        pending = self._deliveries.pending
        if pending is not None and (stream in pending.waiting or stream in pending.unreached):
            pending.leave(stream)
            self._converge(pending, pending.acked_ns)

    def _offered(self, fact: Offered, server: int) -> None:
        delivery, stream = self._deliveries.at(server, fact.seq), (server, fact.stream)
        if delivery is None:
            return
        if delivery.pending:
            delivery.offer(stream, fact.node)
        self._statuses.put(stream, ProxyState.BEHIND)

    def _written(self, fact: Written, server: int) -> None:
        stream, pending = (server, fact.stream), self._deliveries.pending
        if pending is not None:
            pending.wrote(stream, fact.at_ns)
        if self._statuses.state(stream) is ProxyState.IN_SYNC:
            self._statuses.put(stream, ProxyState.BEHIND, owe=False)

    def _synced(self, fact: Synced, server: int) -> None:
        stream, pending = (server, fact.stream), self._deliveries.pending
        # The events of a pending commit cover its proxies, unless it takes too long to converge.
        owe = pending is None or stream not in pending.offered or pending.one_by_one
        if self._statuses.state(stream) is not ProxyState.LAST_ACCEPTED:
            since_ns = None if fact.complete else fact.at_ns
            self._statuses.put(stream, ProxyState.IN_SYNC, owe=owe, tentative_since_ns=since_ns)
        if pending is not None and stream in pending.waiting:
            pending.acknowledge(stream, fact.at_ns)
            self._converge(pending, fact.at_ns)

    def _refused(self, fact: Refused, server: int) -> None:
        stream = server, fact.stream
        if stream in self._statuses:
            self._statuses.put(stream, ProxyState.REFUSED)
            self._refusals.add(stream, self._statuses.name(stream), fact)

    def _explained(self, fact: Explained, _: int) -> None:
        self._record_refusals(self._refusals.explain(fact), fact.specs)

    def _record_refusals(self, refusals: Iterable[Refusal], specs: tuple[str, ...] = ()) -> None:
        for refusal in refusals:
            # The proxy may have accepted something else in the meantime.
            self._statuses.told([refusal.stream], ProxyState.REFUSED)
            self._statuses.owe([refusal.stream])
            pending = self._deliveries.pending
            if pending is not None and pending.commit == refusal.fact.commit:
                pending.disputed = True
                self._statuses.owe(pending.offered)
            self._record(refusal.event(specs))

    def _fell_back(self, fact: FellBack, server: int) -> None:
        self._statuses.put((server, fact.stream), ProxyState.LAST_ACCEPTED)

    def _released(self, fact: Released, server: int) -> None:
        # No commit waits for it.
        self._statuses.put((server, fact.stream), ProxyState.BEHIND)

    # ---- facts about publications ----------------------------------------------------------------

    def _finished(self, fact: Finished, server: int) -> None:
        delivery = self._deliveries.at(server, fact.seq)
        if delivery is None:
            return
        delivery.unchanged += fact.unchanged
        self._finish(server, fact.at_ns, delivery)
        if delivery is self._deliveries.newest and server in self._stranded:
            self._stranded.discard(server)
            self._reach(server, delivery, fact.at_ns)

    def _finish(self, server: int, at_ns: int, last: CommitDelivery | None = None) -> None:
        for done in self._deliveries.finish(server, last):
            newest = done is self._deliveries.newest
            if newest or done.offered or not done.skipped:
                self._publish(done, at_ns, newest=newest)

    def _publish(self, done: CommitDelivery, at_ns: int, *, newest: bool) -> None:
        for event in done.publish():
            self._statuses.told_behind(event.nodes, done.offered)
            self._record(event)
        if newest:
            if done.disputed:
                self._statuses.owe(done.offered)
            self._converge(done, at_ns)
            self._delay.set(done.next_delay_s)

    def _converge(self, delivery: CommitDelivery, acked_ns: int | None) -> None:
        for event in delivery.converge(acked_ns):
            self._statuses.told(delivery.offered, ProxyState.IN_SYNC)
            self._statuses.owe(delivery.offered)
            self._record(event)

    def _passed(self, fact: Passed, server: int) -> None:
        """Do nothing: only servers use this fact, between each other."""

    # ---- servers ---------------------------------------------------------------------------------

    def _connections_full(self, fact: Full, server: int) -> None:
        """Record whether a server has room; only the first shortage and the last recovery are
        events."""
        full = self._full.setdefault(fact.reason, set())
        before = bool(full)
        if fact.words:
            full.add(server)
            if not before:
                self._record(SourceDegraded(fact.reason, fact.words))
            return
        full.discard(server)
        if before and not full:
            self._record(SourceRecovered(fact.reason))

    def lost(self, server: int, reason: str, at_ns: int) -> None:
        """Record that a server process died: its streams ended, and it blocks no publication."""
        for reason in tuple(self._full):
            self._connections_full(Full("", reason), server)
        if server in self._silent:
            self._silent.discard(server)
            self._record(WorkerResponsive(server, "ended"))
        self._stranded.discard(server)
        for stream in self._statuses.of_server(server):
            self._leave(stream, reason)
        # This server was to find the causes of what its streams refused.
        self._record_refusals(self._refusals.give_up(server))
        self._finish(server, at_ns)

    def silent(self, server: int, process: int, at_ns: int) -> None:
        """Record that a server does not answer: it blocks no publication, and its proxies count as
        behind as soon as there is a newer commit."""
        self._silent.add(server)
        streams = self._statuses.of_server(server)
        self._record(WorkerUnresponsive(server, process, len(streams)))
        newest = self._deliveries.newest
        if newest is not None and server in newest.offering:
            self._strand(server)
        self._finish(server, at_ns)
        self._settle_soon()

    def answers(self, server: int) -> None:
        """Record that a server answers again; it may have to catch up."""
        if server in self._silent:
            self._silent.discard(server)
            self._record(WorkerResponsive(server, "answers"))

    def _strand(self, server: int) -> None:
        """Count a server's proxies as behind: they do not get the publication now.

        The commit does not converge until the server has offered it to them or they have
        disconnected.
        """
        self._stranded.add(server)
        if (pending := self._deliveries.pending) is not None:
            unreached = set(self._statuses.of_server(server)) - pending.offered
            pending.unreached |= unreached
            self._statuses.strand(unreached)

    def _reach(self, server: int, newest: CommitDelivery, at_ns: int) -> None:
        """Record that a server that did not answer before has now offered the publication."""
        streams = self._statuses.of_server(server)
        self._statuses.resume(streams)
        newest.unreached.difference_update(streams)
        self._converge(newest, newest.acked_ns or at_ns)

    # ---- batched states and delays ---------------------------------------------------------------

    def _record(self, *events: DeliveryEvent) -> None:
        if events:
            self._recorder.record(events)

    def _settle_soon(self) -> None:
        """Schedule the recording of proxy states that the log does not know."""
        statuses = self._statuses
        if statuses.has_unrecorded:
            self._settling.within(SETTLE_S)
        elif statuses.withheld:
            self._settling.within(_PERIOD_S)

    def _settle(self) -> None:
        # While a commit is being offered, it is not known which commit a proxy's state belongs to.
        newest = self._deliveries.newest
        offering = newest is not None and newest.offering
        if self._commit is not None and self._served is not None and not offering:
            self._record(*self._statuses.settle(self._commit, self._served, self._now_ns()))
        self._settle_soon()

    def _report_delay(self) -> None:
        """Record that a commit has not converged in time."""
        pending = self._deliveries.pending
        if pending is None or not pending.published:
            return
        self._statuses.owe(pending.offered)
        behind = self._statuses.behind(pending.waiting)
        self._record(*pending.delay(behind, self._statuses.names(pending.unreached)))
        self._settle_soon()
        self._delay.set(pending.next_delay_s)
