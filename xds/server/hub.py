"""The hub of a server's streams: connects them to snapshots and reports what happens on them."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Iterable, Set
from dataclasses import dataclass, field
from typing import Final

from events.publication import Publication
from events.types import CommitId, ProxyState, Seq
from mesh.graph.linked import MeshGraph
from mesh.keys import ResourceKey
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    FellBack,
    Finished,
    Offered,
    Refused,
    Released,
    Reports,
    Synced,
    Written,
)
from xds.delivery.waves import Waves, waves
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.refusal_analysis import RefusalAnalyses
from xds.refusals.refusal_causes import refused_names
from xds.refusals.refusal_history import Past, RefusalHistory
from xds.server.stream import Stream
from xds.snapshots.acceptance import Acceptance
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.recognition import Recognition
from xds.snapshots.snapshot import Snapshot
from xds.snapshots.warm_up import warm_up
from xds.type_urls import LISTENER

_log = logging.getLogger(__name__)

_NO_COMMIT = CommitId("")
LEAST_PAUSE_S: Final = 0.3
LONGEST_PAUSE_S: Final = 3.0
"""Maximum wait for the acknowledgements of one wave before the next wave is offered."""
_LOOK_S: Final = 0.02


@dataclass(slots=True)
class _StreamRefusals:
    """Refusals of one client, until it accepts other content."""

    last: dict[str, Nack] = field(default_factory=dict)
    """The last refusal of each type."""
    reported: Snapshot | None = None
    """The last snapshot for which a refusal by this client was reported."""


class Hub:
    """Offers snapshots to streams, and passes on what streams report."""

    def __init__(self, cache: SnapshotCache, reports: Reports, past: Past | None = None) -> None:
        self.ready = False
        """True if a mesh is known; until then clients must not see an empty configuration."""
        self._cache = cache
        self._reports = reports
        self._streams: dict[ProxyIdentity, set[Stream]] = {}
        self._commit = _NO_COMMIT
        self._history = RefusalHistory(cache, past)
        self._recognition = Recognition(cache, past)
        self._acceptance = Acceptance(self._history.recall, time.time)
        self._analyses = RefusalAnalyses(self._history, reports.report)
        self._fallbacks: dict[Stream, Snapshot] = {}
        """Streams that are served the last accepted snapshot, with the newer one that they lack."""
        self._refusers: set[Stream] = set()
        """Those of them that refused the newer one; from the others it is held back."""
        self._refusals: dict[Stream, _StreamRefusals] = {}
        """Refusals of streams that have refused something since they last had everything."""
        self._in_flight: set[Stream] = set()
        """Streams that were offered something since the last wait for acknowledgements."""
        self._offered_waves: set[ProxyIdentity] | None = None
        """Identities in waves that were offered, while later waves wait; ``None`` if none waits."""
        self._connected_late: dict[ProxyIdentity, None] = {}
        """Identities that connected while their wave waited; they have the earlier snapshot or
        none."""
        self._not_offered: dict[ProxyIdentity, None] = {}
        """Identities that the newest state affects and that have not been offered it yet."""
        self._unchanged = 0
        """How many streams the publication affects and needed nothing new, so far."""
        self._behind: set[Stream] = set()
        """Streams that have not accepted their whole target."""

    # ---- events of streams (Observer) ------------------------------------------------------------

    @property
    def commit(self) -> CommitId:
        """The commit whose mesh is served now."""
        return self._commit

    def connected(self, stream: Stream) -> Snapshot | None:
        """Add a stream that has named its node; return its target snapshot, if it exists.

        :raises TooManyIdentities: there is no room for another identity.
        """
        identity = _identity(stream)
        self._cache.join(identity)
        streams = self._streams.setdefault(identity, set())
        streams.add(stream)
        stream.session.alike = len(streams) > 1
        self._behind.add(stream)
        waits = self._offered_waves is not None and identity not in self._offered_waves
        newest = (self._cache.current if waits else self._cache.resolve)(identity)
        if waits:
            self._connected_late[identity] = None
        snapshot, state = newest, ProxyState.HELD
        if newest is not None:
            snapshot, state = self._acceptance.choose(identity, newest), ProxyState.BEHIND
            if snapshot is not newest:
                self._fallbacks[stream], state = newest, ProxyState.LAST_ACCEPTED
        version = f"{stream.node.user_agent_name} {stream.node.user_agent_version}".strip()
        node, now_ns = str(identity.key), time.time_ns()
        self._reports.report(
            Connected(stream.number, node, stream.name, version, now_ns, state, self._commit)
        )
        return snapshot

    def resumed(self, stream: Stream, clusters: str) -> Awaitable[None] | None:
        """Look for the clusters of this version that a client has from an earlier stream."""
        return self._recognition.find(_identity(stream), clusters)

    def disconnected(self, stream: Stream, reason: str) -> None:
        """Remove a stream that ended; one that never named its node was never added."""
        identity = stream.identity
        streams = self._streams.get(identity) if identity is not None else None
        if identity is None or streams is None or stream not in streams:
            return
        streams.discard(stream)
        self._in_flight.discard(stream)
        self._behind.discard(stream)
        self._fallbacks.pop(stream, None)
        self._refusers.discard(stream)
        self._refusals.pop(stream, None)
        if not streams:
            del self._streams[identity]
            self._not_offered.pop(identity, None)
            self._connected_late.pop(identity, None)
            self._acceptance.left(identity)
        self._cache.leave(identity)
        self._reports.report(Disconnected(stream.number, reason, time.time_ns()))

    def written(self, stream: Stream) -> None:
        """Record that a response was handed to the transport."""
        if stream in self._behind:
            self._reports.report(Written(stream.number, time.time_ns()))
            if stream.session.in_sync:
                # The answer arrived before the transport reported the write.
                self.synced(stream)

    def synced(self, stream: Stream) -> None:
        """Record that a client has acknowledged its whole target."""
        if stream not in self._behind:
            return
        self._reports.report(Synced(stream.number, time.time_ns()))
        self._refusals.pop(stream, None)
        if not stream.aggregated:
            self._behind.discard(stream)
        elif stream.session.watches(LISTENER) and stream.snapshot is not None:
            # Without a subscription to listeners, the client has accepted almost nothing yet.
            self._behind.discard(stream)
            identity = _identity(stream)
            if self._acceptance.took(identity, stream.snapshot, stream.number):
                self._release(identity, stream.snapshot)

    def _release(self, identity: ProxyIdentity, snapshot: Snapshot) -> None:
        """Offer a snapshot that is no longer held back to the streams that did not refuse it."""
        for stream in tuple(self._streams[identity]):
            if self._fallbacks.get(stream) is snapshot and stream not in self._refusers:
                # They do not belong to the publication that is being offered now.
                self._offer_one(stream, snapshot, Released(stream.number))

    def refused(self, stream: Stream, refusal: Nack, commit: CommitId) -> None:
        """Record that a client refused a response that was sent for this commit."""
        self._behind.add(stream)
        snapshot = stream.sent_for(refusal.type_url)
        refusals = self._refusals.setdefault(stream, _StreamRefusals())
        refusals.last[refusal.type_url], refusals.reported = refusal, snapshot
        self._refuses(stream, refusal, commit, snapshot)

    def stuck(self, stream: Stream) -> None:
        """Record that a client has everything except what it refused before.

        That is not sent again and so not refused again; but a newer commit may contain it, too.
        """
        refusals, snapshot = self._refusals.get(stream), stream.snapshot
        if refusals is None or snapshot is None or refusals.reported is snapshot:
            return
        if stream.identity in self._not_offered:
            return  # The client is stuck on an old snapshot; a newer one follows.
        refusals.reported = snapshot
        for type_url in stream.stuck_on:
            if (refusal := refusals.last.get(type_url)) is not None:
                refusal = refusal._replace(version=snapshot.sets[type_url].version)
                self._refuses(stream, refusal, self._commit, snapshot)

    def _refuses(
        self, stream: Stream, refusal: Nack, commit: CommitId, snapshot: Snapshot | None
    ) -> None:
        identity = _identity(stream)
        # A refused removal does not affect new proxies, so nothing is held back from them.
        wrong = None if refusal.removal_only else snapshot
        message = refusal.detail.message.strip()
        # The event logger warns once for each content; this line is for each refusal.
        _log.debug(
            "%s refuses %s: %s", stream.name, refusal.type_url, message, extra={"commit": commit}
        )
        self._reports.report(
            Refused(
                stream.number,
                str(identity.key),
                commit,
                refusal.type_url,
                refusal.version,
                message,
                refused_names(refusal),
                "" if wrong is None else wrong.version,
            )
        )
        self._analyses.open(identity, refusal)
        if wrong is not None:
            self._fall_back(stream, wrong)

    def _fall_back(self, stream: Stream, refused: Snapshot) -> None:
        """Offer a new proxy that refuses its first snapshot the last one that its kind accepted."""
        accepted = self._acceptance.refused(_identity(stream), refused, stream.number)
        if accepted is None or stream.established or not stream.aggregated:
            return
        self._fallbacks[stream] = refused
        self._refusers.add(stream)
        self._reports.report(FellBack(stream.number, time.time_ns()))
        stream.offer(accepted)

    # ---- publications ----------------------------------------------------------------------------

    async def publish(self, publication: Publication) -> None:
        """Offer a new state to the proxies it affects; the failure of one does not affect others.

        Returns when each has been offered it, not when they have accepted it. If waves are needed
        (:mod:`xds.delivery.waves`), earlier waves get a bounded time to accept it. If it fails,
        proxies that were not offered it are offered the next publication.
        """
        mesh, seq = self._cache.graph, publication.state.seq
        changed: Set[ResourceKey] = frozenset()
        if self.ready:
            identities = self._cache.absorb(publication)
            changed = self._cache.changed
        else:
            # The first state may have ten thousand resources, and no proxy is served before it: use
            # a thread.
            await asyncio.to_thread(warm_up)
            identities = await asyncio.to_thread(self._cache.absorb, publication)
            self._acceptance.remember(await asyncio.to_thread(self._history.refusals))
        self._reports.begin(publication)
        self._analyses.begin()
        self._commit = publication.state.commit or _NO_COMMIT
        self.ready, self._unchanged = True, 0
        self._not_offered.update(dict.fromkeys(identities))
        self._report_removed(mesh, identities)
        await self._offer_in_waves(waves(mesh, self._cache.graph, self._not_offered, changed), seq)
        self._reports.report(Finished(seq, time.time_ns(), self._unchanged))

    async def _offer_in_waves(self, found: Waves, seq: Seq) -> None:
        self._in_flight.clear()
        self._offered_waves = set() if len(found) > 1 else None
        try:
            for number, wave in enumerate(found):
                if number:
                    await self._await_answers()
                    await self._reports.passed(seq, number)
                if self._offered_waves is not None:
                    self._offered_waves.update(wave)
                await self._offer(wave, seq)
        finally:
            # If a wave fails, proxies of later waves must not wait for it.
            self._offered_waves = None
            self._not_offered.update(self._connected_late)
            late = tuple(self._connected_late)
            self._connected_late.clear()
        await self._offer(late, seq)

    async def _await_answers(self) -> None:
        """Wait, for a bounded time, until the streams that were offered something accept or refuse
        it.

        At least for a moment: proxies of the same nodes may be connected to another server.
        """
        await asyncio.sleep(LEAST_PAUSE_S)
        deadline = time.monotonic() + LONGEST_PAUSE_S - LEAST_PAUSE_S
        while time.monotonic() < deadline and self._in_flight:
            self._in_flight = {s for s in self._in_flight if not (s.session.in_sync or s.stuck_on)}
            await asyncio.sleep(_LOOK_S)
        self._in_flight.clear()

    async def _offer(self, identities: Iterable[ProxyIdentity], seq: Seq) -> None:
        for identity in identities:
            self._not_offered.pop(identity, None)
            # The cache may have dropped identities whose last stream ended meanwhile.
            if identity not in self._streams:
                continue
            self._offer_to(identity, seq)
            # Let the transport write while other snapshots are still being built.
            await asyncio.sleep(0)

    def _offer_to(self, identity: ProxyIdentity, seq: Seq) -> None:
        """Offer an identity's streams its snapshot. A failure affects only this identity."""
        try:
            snapshot = self._cache.resolve(identity)
            if snapshot is None:
                self._unchanged += len(self._streams[identity])
                return
            self._acceptance.offer(identity, snapshot)
        except Exception:
            _log.exception("cannot resolve %s; its proxies keep what they have", identity.key)
            return
        node = str(identity.key)
        streams = tuple(self._streams[identity])
        for stream in streams:
            stream.session.alike = len(streams) > 1
            # A stream that refused this snapshot and is served an older one needs no new offer.
            if self._fallbacks.get(stream) is snapshot:
                self._unchanged += 1
            else:
                self._offer_one(stream, snapshot, Offered(stream.number, node, seq))

    def _offer_one(self, stream: Stream, snapshot: Snapshot, fact: Offered | Released) -> None:
        had_other = self._fallbacks.pop(stream, None) is not None or stream in self._refusals
        self._refusers.discard(stream)
        try:
            news, there = stream.offer(snapshot), stream.session.in_sync
            # A stream that was served another snapshot may already have everything in this one.
            if news or (there and had_other):
                self._in_flight.add(stream)
                self._behind.add(stream)
                self._reports.report(fact)
            elif isinstance(fact, Offered):
                self._unchanged += 1
            if there:
                self.synced(stream)
            elif news and stream.stuck_on:
                self.stuck(stream)
        except Exception:
            _log.exception("cannot offer %s to %s", _identity(stream).key, stream.name)

    def _report_removed(self, before: MeshGraph, identities: Iterable[ProxyIdentity]) -> None:
        """Warn about proxies whose node was removed: they keep their configuration, without
        updates."""
        after, left_behind = self._cache.graph, Counter[ResourceKey]()
        for identity in identities:
            if before.get(identity.key) is not None and after.get(identity.key) is None:
                left_behind[identity.key] += len(self._streams.get(identity, ()))
        for key, proxies in left_behind.items():
            who = "1 proxy" if proxies == 1 else f"{proxies:,} proxies"
            what = "keeps what it had" if proxies == 1 else "keep what they had"
            _log.warning("%s of a removed node %s", who, what, extra={"node": str(key)})


def _identity(stream: Stream) -> ProxyIdentity:
    if stream.identity is None:
        raise ValueError(f"{stream.name} has not named its node")
    return stream.identity
