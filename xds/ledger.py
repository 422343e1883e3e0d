"""Brings together what servers tell of their streams, and has it recorded: one truth for the log.

A commit that is served by several processes is published once, when each of them has offered it,
and converges once, when the proxies of all of them have acknowledged it. Call it from the event
loop's own thread.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from events.publication import Publication
from events.types import CommitId, Seq
from xds.delivery import Delivery
from xds.recorder import Recorder
from xds.reports import Arrived, Fact, Finished, Joined, Left, Offered, Passed, Rejected, Wrote

HERE: Final = 0
"""The number of the one server that serves in the same process."""


class Ledger:
    """Takes the facts of all servers and hands the events that follow from them to a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._delivery = Delivery()
        self._joined: dict[tuple[int, int], Joined] = {}
        self._known = False
        self._commit: CommitId | None = None
        self._seq: Seq | None = None
        self._unfinished: set[int] = set()

    def begin(self, publication: Publication, servers: Iterable[int] = (HERE,)) -> None:
        """Take note that these servers are about to offer a publication.

        It is news only if it changes the commit: what servers find when they start is nobody's
        push, and is not published anew.
        """
        known, self._known = self._known, True
        before, self._commit = self._commit, publication.state.commit
        if self._commit == before or not (known or publication.moved_ns is not None):
            return
        self._seq = publication.state.seq
        self._unfinished = set(servers)
        self._delivery.begin(publication)

    def report(self, fact: Fact, server: int = HERE) -> None:
        """Take a fact from a server."""
        match fact:
            case Joined():
                self._join((server, fact.stream), fact)
            case Left():
                self._leave((server, fact.stream), fact.reason, fact.at_ns)
            case Rejected():
                self._reject(fact)
            case _:
                self._progress(fact, server)

    def _progress(self, fact: Offered | Wrote | Arrived | Finished | Passed, server: int) -> None:
        """Take a fact that tells how far the newest publication has come."""
        match fact:
            case Wrote():
                self._delivery.wrote((server, fact.stream), fact.at_ns)
            case Arrived():
                stream = server, fact.stream
                self._recorder.record(self._delivery.arrived(stream, fact.at_ns))
            case Offered() if fact.seq == self._seq:
                self._delivery.offered((server, fact.stream), fact.node)
            case Finished() if fact.seq == self._seq:
                self._finish(server, fact.at_ns)
            case Offered() | Finished():
                pass  # Of an older publication nothing more is said.
            case Passed():
                pass  # It is between the servers.
            case _:
                assert_never(fact)

    async def passed(self, seq: Seq, wave: int) -> None:
        """Do nothing: whoever calls this is the only server."""

    def lost(self, server: int, reason: str, at_ns: int) -> None:
        """Take note that a server ended without a word: so did its streams, and nobody waits."""
        for stream in [stream for stream in self._joined if stream[0] == server]:
            self._leave(stream, reason, at_ns)
        self._finish(server, at_ns)

    def _join(self, stream: tuple[int, int], fact: Joined) -> None:
        self._joined[stream] = fact
        self._recorder.record(
            self._delivery.connected(stream, fact.node, fact.proxy, fact.version, fact.at_ns)
        )

    def _leave(self, stream: tuple[int, int], reason: str, at_ns: int) -> None:
        joined = self._joined.pop(stream, None)
        if joined is not None:
            self._recorder.record(
                self._delivery.disconnected(stream, joined.node, joined.proxy, reason, at_ns)
            )

    def _reject(self, fact: Rejected) -> None:
        self._recorder.record(
            self._delivery.refused(
                fact.node, fact.commit, fact.type_url, fact.version, fact.message
            )
        )

    def _finish(self, server: int, at_ns: int) -> None:
        if server not in self._unfinished:
            return
        self._unfinished.discard(server)
        if not self._unfinished:
            self._recorder.record(self._delivery.published(at_ns))
