"""Publisher: offers each publication to the streams that it affects, in waves.

A publication goes through these steps, in the order of this module:

1. The cache absorbs the state and returns the identities that it affects.
2. The order of the identities is decided (:mod:`xds.delivery.waves`): nearly always one wave.
3. For each wave: the snapshot of each identity is built and offered to its streams. Before the next
wave, the streams get a bounded time to accept it.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from events.publication import Publication
from events.types import CommitId, Seq
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from xds.delivery.stream_facts import Finished, Offered, Released, Reports
from xds.delivery.waves import Waves, waves
from xds.nodes import ProxyIdentity
from xds.refusals.refusal_tracker import RefusalTracker
from xds.server.stream import Stream
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import Snapshot
from xds.snapshots.warm_up import warm_up

_log = logging.getLogger(__name__)

_NO_COMMIT: Final = CommitId("")
LEAST_PAUSE_S: Final = 0.3
LONGEST_PAUSE_S: Final = 3.0
"""Maximum wait for the acknowledgements of one wave before the next wave is offered."""
_LOOK_S: Final = 0.02
BATCH: Final = 100
"""Number of streams that are offered an update before other work of the event loop is done."""


@dataclass(slots=True)
class _Offering:
    """A publication that is being offered."""

    seq: Seq
    in_waves: bool
    begun: set[ProxyIdentity] = field(default_factory=set)
    """Identities in the waves that were offered so far, if there are several waves."""
    late: dict[ProxyIdentity, None] = field(default_factory=dict)
    """Identities that connected while their wave was waiting; they have the previous snapshot, or
    none."""
    in_flight: set[Stream] = field(default_factory=set)
    """Streams that were offered an update and may not have answered yet, if there are several
    waves."""
    unchanged: int = 0
    """Number of affected streams that needed no update, so far."""


class Publisher:
    """Offers snapshots to streams. The failure of one stream does not affect others."""

    def __init__(
        self,
        cache: SnapshotCache,
        refusals: RefusalTracker[Stream],
        reports: Reports,
    ) -> None:
        self.ready = False
        """True if a mesh is known; until then clients must not see an empty configuration."""
        self.commit = _NO_COMMIT
        """The commit whose mesh is served now."""
        self._commit_before = _NO_COMMIT
        self._cache = cache
        self._streams: dict[ProxyIdentity, set[Stream]] = {}
        """Streams that have named their node."""
        self._refusals = refusals
        self._reports = reports
        self._offering: _Offering | None = None
        self._not_offered: dict[ProxyIdentity, None] = {}
        """Identities that the newest state affects, and to which it was not offered yet."""

    @property
    def offering(self) -> bool:
        """True while a publication is being offered."""
        return self._offering is not None

    async def publish(self, publication: Publication) -> None:
        """Offer a new state to the proxies that it affects.

        Returns when the state was offered to every proxy, not when they have accepted it. If the
        call fails, the remaining proxies are offered the next publication.
        """
        before, seq = self._cache.graph, publication.state.seq
        affected = await self._absorb(publication)
        self._reports.begin(publication)
        self._refusals.begin()
        self._commit_before, self.commit = self.commit, publication.state.commit or _NO_COMMIT
        self.ready = True
        self._not_offered.update(dict.fromkeys(affected))
        self._warn_of_removed(before, affected)
        order = waves(before, self._cache.graph, self._not_offered, self._cache.changed)
        unchanged = await self._offer_in_waves(order, seq)
        self._reports.report(Finished(seq, time.time_ns(), unchanged))

    async def _absorb(self, publication: Publication) -> tuple[ProxyIdentity, ...]:
        """Apply a state; return the connected identities that it affects."""
        if self.ready:
            return self._cache.absorb(publication)
        # The first state may have ten thousand resources, and no proxy is served before it: use a
        # thread.
        await asyncio.to_thread(warm_up)
        affected = await asyncio.to_thread(self._cache.absorb, publication)
        await self._refusals.load()
        return affected

    def _warn_of_removed(self, before: MeshGraph, affected: Iterable[ProxyIdentity]) -> None:
        """Warn about proxies whose node was removed: they keep their configuration and get no
        updates."""
        after, left_behind = self._cache.graph, Counter[ResourceKey]()
        for identity in affected:
            if before.get(identity.key) is not None and after.get(identity.key) is None:
                left_behind[identity.key] += len(self._streams.get(identity, ()))
        for key, proxies in left_behind.items():
            who = "1 proxy" if proxies == 1 else f"{proxies:,} proxies"
            what = "keeps what it had" if proxies == 1 else "keep what they had"
            _log.warning("%s of a removed node %s", who, what, extra={"node": str(key)})

    # ---- waves -----------------------------------------------------------------------------------

    async def _offer_in_waves(self, order: Waves, seq: Seq) -> int:
        """Offer each wave; return the number of streams that needed no update."""
        offering = self._offering = _Offering(seq, in_waves=len(order) > 1)
        try:
            for number, wave in enumerate(order):
                if number:
                    await self._await_answers(offering)
                    await self._reports.passed(seq, number)
                if offering.in_waves:
                    offering.begun.update(wave)
                await self._offer(wave, offering)
        finally:
            # If a wave fails, proxies of later waves must not wait for it.
            self._offering = None
            self._not_offered.update(offering.late)
        await self._offer(offering.late, offering)
        return offering.unchanged

    async def _await_answers(self, offering: _Offering) -> None:
        """Wait, for a bounded time, until the streams that were offered an update accept or refuse
        it.

        The wait has a minimum, because proxies of the same nodes may be connected to another
        server.
        """
        await asyncio.sleep(LEAST_PAUSE_S)
        deadline = time.monotonic() + LONGEST_PAUSE_S - LEAST_PAUSE_S
        while time.monotonic() < deadline and offering.in_flight:
            offering.in_flight = {stream for stream in offering.in_flight if stream.may_answer}
            await asyncio.sleep(_LOOK_S)
        offering.in_flight.clear()

    # ---- offers ----------------------------------------------------------------------------------

    async def _offer(self, identities: Iterable[ProxyIdentity], offering: _Offering) -> None:
        batch = 0
        for identity in identities:
            self._not_offered.pop(identity, None)
            # The cache may have dropped identities whose last stream ended meanwhile.
            if streams := self._streams.get(identity):
                self._offer_to(identity, tuple(streams), offering)
                batch += len(streams)
            if batch >= BATCH:
                # Let the transport write while other snapshots are still being built.
                batch = 0
                await asyncio.sleep(0)

    def _offer_to(
        self, identity: ProxyIdentity, streams: tuple[Stream, ...], offering: _Offering
    ) -> None:
        """Offer an identity's streams its snapshot. A failure affects only this identity."""
        try:
            snapshot = self._cache.resolve(identity)
            if snapshot is None:
                offering.unchanged += len(streams)
                return
            self._refusals.expect(identity, snapshot)
        except Exception:
            _log.exception(
                "cannot build the snapshot of %s; its proxies keep their configuration",
                identity.key,
            )
            return
        node = str(identity.key)
        for stream in streams:
            stream.session.alike = len(streams) > 1
            # A stream that refused this snapshot and is served an older one needs no new offer.
            if self._refusals.lacks(stream, snapshot) or not self._offer_one(
                stream, snapshot, Offered(stream.number, node, offering.seq)
            ):
                offering.unchanged += 1

    def _offer_one(self, stream: Stream, snapshot: Snapshot, fact: Offered | Released) -> bool:
        """Offer a stream a snapshot; return false if it needs no update."""
        refused = self._refusals.offered_newest(stream)
        if not (refused or stream.behind):
            stream.accepted = self._commit_before
        try:
            news = stream.aim(snapshot)
            # A stream that refused a snapshot may already have everything in this one.
            news = news or (refused and stream.session.state.in_sync)
            if news:
                stream.behind = True
                if self._offering is not None and self._offering.in_waves:
                    self._offering.in_flight.add(stream)
                self._reports.report(fact)
            stream.go_on()
        except Exception:
            _log.exception("cannot offer %s to %s", stream.identity.key, stream.name)
            return True
        return news

    # ---- streams that connect, and others between publications -----------------------------------

    def connect(self, stream: Stream) -> Snapshot | None:
        """Add a stream; return the newest snapshot for it, if there is one.

        While the stream's wave is waiting, this is the previous snapshot; later it is offered the
        newest.
        """
        identity, offering = stream.identity, self._offering
        streams = self._streams.setdefault(identity, set())
        streams.add(stream)
        stream.session.alike = len(streams) > 1
        if offering is not None and offering.in_waves and identity not in offering.begun:
            offering.late[identity] = None
            return self._cache.current(identity)
        return self._cache.resolve(identity)

    def connected(self, stream: Stream) -> bool:
        """Return whether a stream was added and not removed."""
        return stream.named and stream in self._streams.get(stream.identity, ())

    def disconnect(self, stream: Stream) -> bool:
        """Remove a stream; return whether it was the last stream of its identity."""
        identity = stream.identity
        streams = self._streams[identity]
        streams.remove(stream)
        if streams:
            return False
        del self._streams[identity]
        self._not_offered.pop(identity, None)
        if self._offering is not None:
            self._offering.late.pop(identity, None)
        return True

    def owes(self, stream: Stream) -> bool:
        """Return whether the newest state affects a stream and was not offered to it yet."""
        return stream.identity in self._not_offered

    def accepted(self, stream: Stream) -> CommitId:
        """Return the commit whose configuration a client has acknowledged; empty if there is none.

        A commit that changes nothing for the client counts as acknowledged at once.
        """
        if not stream.behind and stream.snapshot is self._cache.current(stream.identity):
            stream.accepted = self._commit_before if self.owes(stream) else self.commit
        return stream.accepted

    def release(self, stream: Stream, snapshot: Snapshot) -> None:
        """Offer a stream the newest snapshot, which is no longer held back from it."""
        # It does not belong to the publication that is being offered now.
        self._offer_one(stream, snapshot, Released(stream.number))
