"""Hub: connects streams to their snapshots, and reports what happens on them."""

import time
from collections.abc import Awaitable
from typing import Final

from events.types import CommitId, ProxyState
from mesh.keys import ResourceKey
from xds.delivery.stream_facts import Connected, Disconnected, Reports, Synced, Written
from xds.protocol.response import Nack
from xds.refusals.refusal_history import Past
from xds.refusals.refusal_tracker import RefusalTracker
from xds.server.publisher import Publisher
from xds.server.stream import Stream
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.recognition import Recognition
from xds.snapshots.snapshot import Snapshot

_NO_COMMIT: Final = CommitId("")


class Hub:
    """Receives the events of all streams (:class:`xds.server.stream.Observer`).

    The hub converts them to facts, and reports these. Publications reach the streams through
    :attr:`publisher`.
    """

    def __init__(self, cache: SnapshotCache, reports: Reports, past: Past | None = None) -> None:
        self._cache = cache
        self._reports = reports
        self._refusals = RefusalTracker[Stream](cache, reports.report, past)
        self._recognition = Recognition(cache, past)
        self.publisher = Publisher(cache, self._refusals, reports)
        self._of_peer: dict[str, Stream] = {}
        """The newest stream of each connection."""

    @property
    def commit(self) -> CommitId:
        """The commit whose mesh is served now."""
        return self.publisher.commit

    def connected(self, stream: Stream) -> Snapshot | None:
        """Add a stream that has named its node; return its target snapshot, if it exists.

        :raises TooManyIdentities: there is no room for another identity.
        """
        self._cache.join(stream.identity)
        self._of_peer[stream.peer] = stream
        snapshot, state = self.publisher.connect(stream), ProxyState.HELD
        if snapshot is not None:
            chosen, state = self._refusals.choose(stream, snapshot), ProxyState.BEHIND
            if chosen is not snapshot:
                snapshot, state = chosen, ProxyState.LAST_ACCEPTED
        version = f"{stream.node.user_agent_name} {stream.node.user_agent_version}".strip()
        node, now_ns = str(stream.identity.key), time.time_ns()
        self._reports.report(
            Connected(stream.number, node, stream.name, version, now_ns, state, self.commit)
        )
        return snapshot

    def resumed(self, stream: Stream, clusters: str) -> Awaitable[None] | None:
        """Start a lookup of the clusters that a client holds from an earlier stream, by their
        version."""
        return self._recognition.find(stream.identity, clusters)

    def disconnected(self, stream: Stream, reason: str) -> None:
        """Remove a stream that ended; a stream that never named its node was never added."""
        if not self.publisher.connected(stream):
            return
        if self._of_peer.get(stream.peer) is stream:
            del self._of_peer[stream.peer]
        self._refusals.disconnected(stream, last=self.publisher.disconnect(stream))
        self._cache.leave(stream.identity)
        self._reports.report(Disconnected(stream.number, reason, time.time_ns()))

    def knows(self, key: ResourceKey) -> bool:
        """Return whether the served mesh has a node or gateway."""
        return self._cache.graph.get(key) is not None

    def accepted(self, peer: str, key: ResourceKey) -> CommitId:
        """Return the commit that the client of a connection has acknowledged; empty if none."""
        stream = self._of_peer.get(peer)
        if stream is None or stream.identity.key != key:
            return _NO_COMMIT
        return self.publisher.accepted(stream)

    def written(self, stream: Stream) -> None:
        """Report that a response was handed to the transport."""
        if stream.behind:
            self._reports.report(Written(stream.number, time.time_ns()))
            if stream.session.state.in_sync:
                # The answer arrived before the transport reported the write.
                self.synced(stream)

    def synced(self, stream: Stream) -> None:
        """Report that a client has acknowledged its whole target."""
        if not stream.behind:
            return
        complete = stream.complete
        self._reports.report(Synced(stream.number, time.time_ns(), complete))
        stream.behind = not complete
        for other, snapshot in self._refusals.synced(stream, complete=complete):
            self.publisher.release(other, snapshot)

    def refused(self, stream: Stream, nack: Nack, commit: CommitId) -> None:
        """Report that a client refused a response that was sent for this commit."""
        stream.behind = True
        self._refusals.refused(stream, nack, commit)

    def stuck(self, stream: Stream) -> None:
        """Report the resources of the newest commit that a client refuses, if it has all others."""
        if not self.publisher.owes(stream):
            self._refusals.stuck(stream, self.commit)
