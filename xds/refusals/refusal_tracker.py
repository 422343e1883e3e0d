"""Tracker of refusals: which client refuses what, the snapshot that it is served instead, and the
cause."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from events.types import CommitId
from xds.delivery.stream_facts import Explained, FellBack, Refused
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.acceptance import Acceptance
from xds.refusals.refusal_analysis import RefusalAnalyses
from xds.refusals.refusal_causes import refused_names
from xds.refusals.refusal_history import Past, RefusalHistory
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import TypeUrl

_log = logging.getLogger(__name__)


class Client(Protocol):
    """A stream whose client has named its node."""

    @property
    def number(self) -> int:
        """Number of the stream, unique within the server."""

    @property
    def name(self) -> str:
        """Name of the proxy in events and log lines."""

    @property
    def identity(self) -> ProxyIdentity:
        """The client's node and addressing."""

    @property
    def aggregated(self) -> bool:
        """True if the client's whole configuration goes over this stream."""

    @property
    def established(self) -> bool:
        """True if the client had accepted a whole earlier snapshot."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The target snapshot."""

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The resource types in which the client refuses part of the target; empty if it lacks more
        than that."""

    def sent_for(self, type_url: TypeUrl) -> Snapshot | None:
        """Return the snapshot to which the last response of a type belonged."""

    def offer(self, snapshot: Snapshot) -> None:
        """Set the target, and start writing."""


C = TypeVar("C", bound=Client)


@dataclass(slots=True)
class _Refusals:
    """Refusals of one client, until it accepts other content."""

    last: dict[TypeUrl, Nack] = field(default_factory=dict)
    """The last refusal of each type."""
    reported: Snapshot | None = None
    """The last snapshot for which a refusal by this client was reported."""


@dataclass(frozen=True, slots=True)
class _Fallback:
    """A client is served the last accepted snapshot instead of the newest."""

    lacks: Snapshot
    """The newest snapshot, which the client lacks."""
    refused: bool
    """True if the client itself refused it; false if it is held back from the client."""


class RefusalTracker(Generic[C]):
    """All refusals of a server's clients.

    :param report: receives the facts.
    """

    def __init__(
        self,
        cache: SnapshotCache,
        report: Callable[[Refused | FellBack | Explained], None],
        past: Past | None,
    ) -> None:
        self._report = report
        self._history = RefusalHistory(cache, past)
        self._acceptance = Acceptance(self._history.recall, time.time)
        self._analyses = RefusalAnalyses(self._history, report)
        self._refusals: dict[C, _Refusals] = {}
        """Clients that have refused something since they last acknowledged everything."""
        self._fallbacks: dict[C, _Fallback] = {}
        """Clients that are served the last accepted snapshot."""

    async def load(self) -> None:
        """Load the refusals that the log knows, when the server starts."""
        self._acceptance.remember(await asyncio.to_thread(self._history.refusals))

    def begin(self) -> None:
        """Begin a publication: later refusals of the same content are analysed again."""
        self._analyses.begin()

    # ---- choice of the snapshot ------------------------------------------------------------------

    def choose(self, client: C, newest: Snapshot) -> Snapshot:
        """Return the snapshot for a client that connects: the newest, or the last accepted one."""
        chosen = self._acceptance.choose(client.identity, newest)
        if chosen is not newest:
            self._fallbacks[client] = _Fallback(newest, refused=False)
        return chosen

    def expect(self, identity: ProxyIdentity, newest: Snapshot) -> None:
        """Record the newest snapshot of an identity, before it is offered to its clients."""
        self._acceptance.offer(identity, newest)

    def lacks(self, client: C, newest: Snapshot) -> bool:
        """Return whether a client lacks the newest snapshot because it is served an older one
        instead."""
        fallback = self._fallbacks.get(client)
        return fallback is not None and fallback.lacks is newest

    def offered_newest(self, client: C) -> bool:
        """Record that a client is offered the newest snapshot.

        Returns whether the client lacked the previous snapshot, because it refused part of it or
        was served an older one.
        """
        return self._fallbacks.pop(client, None) is not None or client in self._refusals

    # ---- answers ---------------------------------------------------------------------------------

    def synced(self, client: C, *, complete: bool) -> Iterable[tuple[C, Snapshot]]:
        """Record that a client has acknowledged its whole target.

        Returns the clients from which this target was held back until now, each with the target.

        :param complete: whether the client subscribes to enough to have accepted the snapshot.
        """
        self._refusals.pop(client, None)
        taken, identity = client.snapshot, client.identity
        if not (complete and client.aggregated) or taken is None:
            return ()
        if not self._acceptance.took(identity, taken, client.number):
            return ()
        held_back = [
            (each, fallback.lacks)
            for each, fallback in self._fallbacks.items()
            if fallback.lacks is taken and not fallback.refused
        ]
        return [each for each in held_back if each[0].identity == identity]

    def refused(self, client: C, nack: Nack, commit: CommitId) -> None:
        """Record that a client refused a response that was sent for this commit."""
        snapshot = client.sent_for(nack.type_url)
        refusals = self._refusals.setdefault(client, _Refusals())
        refusals.last[nack.type_url], refusals.reported = nack, snapshot
        self._report_refusal(client, nack, commit, snapshot)

    def stuck(self, client: C, commit: CommitId) -> None:
        """Record that a client has everything of this commit except what it refused before.

        The refused part is not sent again and so not refused again, but the newer commit may
        contain it, too.
        """
        refusals, snapshot = self._refusals.get(client), client.snapshot
        if refusals is None or snapshot is None or refusals.reported is snapshot:
            return
        refusals.reported = snapshot
        for type_url in client.stuck_on:
            if (nack := refusals.last.get(type_url)) is not None:
                nack = nack._replace(version=snapshot.sets[type_url].version)
                self._report_refusal(client, nack, commit, snapshot)

    def disconnected(self, client: C, *, last: bool) -> None:
        """Forget a client; ``last`` means that no other client of its identity is connected."""
        self._refusals.pop(client, None)
        self._fallbacks.pop(client, None)
        if last:
            self._acceptance.left(client.identity)

    def _report_refusal(
        self, client: C, nack: Nack, commit: CommitId, snapshot: Snapshot | None
    ) -> None:
        # A refused removal does not affect new proxies, so no commit is held back from them.
        wrong = None if nack.removal_only else snapshot
        message = nack.detail.message.strip()
        # The event logger warns once for each content; this line is for each refusal.
        _log.debug(
            "%s refuses %s: %s", client.name, nack.type_url, message, extra={"commit": commit}
        )
        self._report(
            Refused(
                client.number,
                str(client.identity.key),
                commit,
                nack.type_url,
                nack.version,
                message,
                refused_names(nack),
                "" if wrong is None else wrong.version,
            )
        )
        self._analyses.open(client.identity, nack)
        if wrong is not None:
            self._fall_back(client, wrong)

    def _fall_back(self, client: C, refused: Snapshot) -> None:
        """If a new proxy refuses its first snapshot, offer it the last snapshot that proxies of its
        identity accepted."""
        accepted = self._acceptance.refused(client.identity, refused, client.number)
        if accepted is None or client.established or not client.aggregated:
            return
        self._fallbacks[client] = _Fallback(refused, refused=True)
        self._report(FellBack(client.number, time.time_ns()))
        client.offer(accepted)
