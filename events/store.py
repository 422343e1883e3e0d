"""Protocols of an event store, for readers and for the writer.

:mod:`events.opening` opens a store by its location. The tests in ``tests/events/contract`` check
    every store against these protocols.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from events.blame import Present, Version
from events.deliveries import Fleet, Past
from events.integrity.chain import Row
from events.query import Query
from events.state import MeshState
from events.types import START, Chain, CommitId, DeliveryEvent, Event, MeshEvent, Record, Seq
from mesh.errors import Fatal, Retryable
from mesh.keys import ResourceKey

Progress = Callable[[str, int, int], None]
"""Progress callback: activity, done, total."""


class LogMoved(Retryable):
    """Another writer appended first; read the head and plan again."""


class LogUnavailable(Retryable):
    """The log cannot be written or read now: the disk is full, or another process holds it."""


class LogOutOfMemory(LogUnavailable):
    """The log cannot be written or read now, because there is not enough memory."""


class LogReplaced(Fatal):
    """The file of the open log was replaced by another log: further writes would be lost."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain."""

    seq: Seq
    hash: str


class EventReader(Protocol):
    """An open log, for reading.

    - Positions (``Seq``) count from 1 in each chain, without gaps.
    - Each call sees whole transactions, and everything that was appended before it. An iterator may
      return events that are appended while it is read.
    - Safe to use from several threads.
    - Every method may raise :class:`LogUnavailable` (try later) or ``Fatal`` (the log is damaged,
      or not a gitmesh log).
    """

    # ---- events of a chain -----------------------------------------------------------------------

    def head(self, chain: Chain) -> Head:
        """Return the last position of a chain and its hash; position 0 and ``""`` when empty."""

    def read(
        self, chain: Chain, *, after: Seq = START, limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the events after position ``after``, in order, up to ``limit`` of them."""

    def rows(self, chain: Chain, *, after: Seq = START, limit: int | None = None) -> Iterator[Row]:
        """Yield the rows after position ``after``, as stored and as hashes cover them."""

    def replay(self, *, after: Seq = START) -> Iterator[tuple[Seq, MeshEvent]]:
        """Yield the mesh events after a position: the fastest way to fold them."""

    def about(self, commit: CommitId, chain: Chain) -> Iterator[Record]:
        """Yield the events of a chain with this commit, in order."""

    def select(self, chain: Chain, query: Query, newest: int = 0) -> list[Record]:
        """Return the matching events, oldest first; at most the ``newest`` ones, 0 for all."""

    def seq_at(self, when: datetime) -> Seq:
        """Return the last position of the mesh chain that was recorded by then; 0 if none was."""

    # ---- commits ---------------------------------------------------------------------------------

    def served_commit(self) -> CommitId | None:
        """Return the last applied commit, whose mesh is served."""

    def newest_commit(self) -> CommitId | None:
        """Return the last commit read, applied or rejected."""

    def commit_of_tree(self, tree: str) -> CommitId | None:
        """Return the latest applied commit with that tree."""

    def is_logged(self, commit: CommitId) -> bool:
        """Return whether the commit was applied or rejected before."""

    def seq_of_commit(self, commit_prefix: str) -> Seq | None:
        """Return the last position of the commit's transaction, the latest if it has several.

        :raises UsageError: the prefix is too short, or matches several commits.
        """

    def first_seq_of_commit(self, seq: Seq) -> Seq | None:
        """Return the first position of the commit's transaction that contains the event at
        ``seq``."""

    def observed_commit(self, commit_prefix: str) -> CommitId | None:
        """Return the commit of the delivery chain whose id begins with this prefix, if exactly one
        does."""

    def served_instead_of(self, commit: CommitId) -> CommitId | None:
        """Return the later commit that replaced this applied commit before it was served.

        ``None`` if the commit was served, if it may still be served next, or if no server wrote the
        log.
        """

    # ---- the mesh --------------------------------------------------------------------------------

    def state(self, at: Seq | None = None) -> MeshState:
        """Return the mesh after the event at ``at``, or at the head; without replay.

        :raises UsageError: the mesh chain has no such position.
        """

    def versions(self, key: ResourceKey, up_to: Seq) -> Iterator[Version]:
        """Yield the versions of a resource from ``up_to`` back to its beginning, newest first.

        A period in which it did not exist is a version, too.
        """

    def present(self, within: str, *, after: str = "", limit: int) -> list[Present]:
        """Return resources that exist at the head and are directly in ``within``, by their key.

        The cost is proportional to ``limit``, not to the number of resources.

        :param within: the beginning of the resources' keys, without a name:
            ``mesh/shop/virtualNode``.
        :param after: the last key of the previous page, in its string form.
        """

    # ---- proxies and deliveries ------------------------------------------------------------------

    def connected_nodes(self) -> dict[str, int]:
        """Return the number of connected proxies of each node."""

    def fleet(self) -> Fleet:
        """Return the queries about connected proxies and deliveries.

        :raises Fatal: another version of gitmesh wrote the tables about proxies.
        """

    def past(self) -> Past:
        """Return the queries about earlier deliveries."""

    # ---- the log itself --------------------------------------------------------------------------

    def verify(self, progress: Progress | None = None) -> list[str]:
        """Return all problems of the log as text; empty if it is intact."""

    def close(self) -> None:
        """Close the log. No other method may be called afterwards; a second ``close`` has no
        effect."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class EventStore(EventReader, Protocol):
    """The open log of the one process that writes it.

    When a call returns, its events are durable and visible to every reader. If a call raises,
    nothing was written. Besides the errors of :class:`EventReader`, a writing call may raise
    :class:`LogReplaced`.
    """

    def append(self, chain: Chain, events: Sequence[Event], *, expected: Seq) -> Seq:
        """Append ``events`` after ``expected``, all or none; return the new last position.

        All events of one call have the same time, which is later than any earlier event's, even if
        the clock is not. Without events the method returns ``expected``.

        :raises LogMoved: the chain does not end at ``expected``; read the head and plan again.
        """

    def append_observed(self, events: Sequence[DeliveryEvent]) -> Seq:
        """Append to the end of the delivery chain: its events do not depend on each other."""

    def rebuild(self) -> None:
        """Rebuild from the chains all tables that are derived from them."""
