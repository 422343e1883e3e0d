"""All streams of a server: who is connected, who is told of a new state, what is reported of it."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

from events.publication import Publication
from events.types import CommitId, Seq
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from xds.cache import SnapshotCache
from xds.nodes import ProxyIdentity
from xds.rehearsal import rehearse
from xds.reports import Arrived, Finished, Joined, Left, Offered, Rejected, Reports, Wrote
from xds.snapshot import Snapshot
from xds.stream import Stream
from xds.watch import Refused
from xds.waves import waves

_log = logging.getLogger(__name__)

_NO_COMMIT = CommitId("")
LEAST_PAUSE_S: Final = 0.3
LONGEST_PAUSE_S: Final = 3.0
"""How long proxies that have to be told first get to answer before the others are told."""
_LOOK_S: Final = 0.02


class Hub:
    """Brings snapshots to streams, and what streams tell to whoever keeps the reports."""

    def __init__(self, cache: SnapshotCache, reports: Reports) -> None:
        self.ready = False
        """Whether there is a mesh to serve; until then nobody may be told that theirs is empty."""
        self._cache = cache
        self._reports = reports
        self._streams: dict[ProxyIdentity, set[Stream]] = {}
        self._commit = _NO_COMMIT
        self._on_their_way: set[Stream] = set()
        """Those who were offered something since somebody last waited for them."""
        self._behind: set[Stream] = set()
        """Those who were offered something and have not taken it: the others have no news."""

    # ---- what streams tell (the Observer of every stream) ----------------------------------------

    @property
    def commit(self) -> CommitId:
        """The commit whose mesh is served now."""
        return self._commit

    def joined(self, stream: Stream) -> Snapshot | None:
        """Take in a stream that has named its node; return what it is to have, if it exists yet.

        :raises TooManyIdentities: there is no room for another identity.
        """
        identity = _identity(stream)
        self._cache.join(identity)
        self._streams.setdefault(identity, set()).add(stream)
        version = f"{stream.node.user_agent_name} {stream.node.user_agent_version}".strip()
        self._reports.report(
            Joined(stream.number, str(identity.key), stream.name, version, time.time_ns())
        )
        return self._cache.resolve(identity)

    def left(self, stream: Stream, reason: str) -> None:
        """Forget a stream that ended; one that never named its node was never taken in."""
        identity = stream.identity
        streams = self._streams.get(identity) if identity is not None else None
        if identity is None or streams is None or stream not in streams:
            return
        streams.discard(stream)
        self._on_their_way.discard(stream)
        self._behind.discard(stream)
        if not streams:
            del self._streams[identity]
        self._cache.leave(identity)
        self._reports.report(Left(stream.number, reason, time.time_ns()))

    def wrote(self, stream: Stream) -> None:
        """Take note that a response was handed to the transport."""
        if stream in self._behind:
            self._reports.report(Wrote(stream.number, time.time_ns()))

    def arrived(self, stream: Stream) -> None:
        """Take note that a client has acknowledged everything that it is to have."""
        if stream in self._behind:
            self._behind.discard(stream)
            self._reports.report(Arrived(stream.number, time.time_ns()))

    def refused(self, stream: Stream, refusal: Refused, commit: CommitId) -> None:
        """Take note that a client refused a response that was sent for this commit."""
        node = str(_identity(stream).key)
        message = refusal.detail.message
        # Whoever tells of the events warns of it, once for each content; here is each time.
        _log.debug(
            "%s refuses %s: %s", stream.name, refusal.type_url, message, extra={"commit": commit}
        )
        self._reports.report(Rejected(node, commit, refusal.type_url, refusal.version, message))

    # ---- what the mesh becomes -------------------------------------------------------------------

    async def publish(self, publication: Publication) -> None:
        """Bring a new state to those whom it concerns; one proxy's trouble is never another's.

        Returns when each of them has been offered it, not when they have taken it; where some must
        be told before others (:mod:`xds.waves`), they get a bounded time to take it.
        """
        mesh, seq = self._cache.graph, publication.state.seq
        self._reports.begin(publication)
        if self.ready:
            identities = self._cache.absorb(publication)
        else:
            # The first state may be ten thousand resources, and nobody is served before it.
            await asyncio.to_thread(rehearse)
            identities = await asyncio.to_thread(self._cache.absorb, publication)
        self._commit = publication.state.commit or _NO_COMMIT
        self.ready = True
        self._tell_of_removed(mesh, identities)
        self._on_their_way.clear()
        changed = publication.touched or ()
        for number, wave in enumerate(waves(mesh, self._cache.graph, identities, changed)):
            if number:
                await self._let_answer()
                await self._reports.passed(seq, number)
            await self._offer(wave, seq)
        self._reports.report(Finished(seq, time.time_ns()))

    async def _let_answer(self) -> None:
        """Wait until those who were offered something have it, for a bounded time.

        And for a moment at least: proxies of the same nodes may be connected to another machine.
        """
        await asyncio.sleep(LEAST_PAUSE_S)
        deadline = time.monotonic() + LONGEST_PAUSE_S - LEAST_PAUSE_S
        while time.monotonic() < deadline and self._on_their_way:
            self._on_their_way = {s for s in self._on_their_way if not s.session.arrived}
            await asyncio.sleep(_LOOK_S)
        self._on_their_way.clear()

    async def _offer(self, identities: Iterable[ProxyIdentity], seq: Seq) -> None:
        for identity in identities:
            # Those who left while others were offered theirs, the cache may have forgotten.
            if identity not in self._streams:
                continue
            self._offer_to(identity, seq)
            # Writing starts while others are still being built.
            await asyncio.sleep(0)

    def _offer_to(self, identity: ProxyIdentity, seq: Seq) -> None:
        """Offer an identity's streams its snapshot. Whatever fails, it fails for them alone."""
        try:
            snapshot = self._cache.resolve(identity)
        except Exception:
            _log.exception("cannot resolve %s; its proxies keep what they have", identity.key)
            return
        if snapshot is None:
            return
        node = str(identity.key)
        for stream in tuple(self._streams[identity]):
            try:
                if stream.offer(snapshot):
                    self._on_their_way.add(stream)
                    self._behind.add(stream)
                    self._reports.report(Offered(stream.number, node, seq))
            except Exception:
                _log.exception("cannot offer %s to %s", identity.key, stream.name)

    def _tell_of_removed(self, before: MeshGraph, identities: Iterable[ProxyIdentity]) -> None:
        """Warn of proxies whose node is gone: they go on, and no commit concerns them any more."""
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
