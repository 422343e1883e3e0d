"""The SQLite event store: append, read, and the state at any position.

Write-ahead logging with ``synchronous=FULL``: events are on disk when ``append`` returns. One
process writes, and only its connection checkpoints; readers open the file read-only at any time.
(SQLite before 3.51.3 can lose commits when two connections checkpoint at once:
https://www.sqlite.org/wal.html#walresetbug.)
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final, Self

from events.clock import utc_now
from events.encoding.codec import actor_of, encode
from events.integrity.chain import GENESIS, Row, seal
from events.query import time_text
from events.sqlite.checking import findings
from events.sqlite.failures import explained
from events.sqlite.fleet import SqliteFleet, served_instead_of
from events.sqlite.opening import claim, connect, connect_read_only, file_id
from events.sqlite.past import SqlitePast
from events.sqlite.projections import is_current, project, rebuild
from events.sqlite.reading import LogReading
from events.sqlite.schema import TABLES, wrong_projections
from events.store import Head, LogMoved, LogReplaced, LogUnavailable, Progress
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    DeliveryEvent,
    Event,
    Seq,
)
from mesh.errors import UsageError

_TICK: Final = timedelta(microseconds=1)


class SqliteEventStore(LogReading):
    """The log in an SQLite file: :class:`events.store.EventStore`."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        now: Callable[[], datetime] = utc_now,
        guard: IO[bytes] | None = None,
    ) -> None:
        super().__init__(path, connection)
        self._now = now
        self._guard = guard
        self._in_use = guard is not None
        self._file = file_id(path) if guard is not None else None

    @classmethod
    def open(cls, path: Path, *, now: Callable[[], datetime] = utc_now) -> Self:
        """Open the log for writing; create or migrate the file as needed.

        :raises Fatal: another process writes to it, a trigger is missing, or it is not a gitmesh
            log.
        """
        guard = claim(path)
        try:
            log = cls(path, connect(path), now=now, guard=guard)
        except BaseException:
            guard.close()
            raise
        try:
            log._refresh_projections()
        except BaseException:
            log.close()
            raise
        return log

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open a log for reading, whether or not a server is writing to it.

        :raises UsageError: there is no such file.
        """
        if not path.is_file():
            raise UsageError(f"there is no event log {path}", hint="start gitmesh serve first")
        return cls(path, connect_read_only(path))

    def _refresh_projections(self) -> None:
        with self._lock, explained(self._path):
            current = not wrong_projections(self._db) and all(
                is_current(self._db, chain, self.head(chain).seq) for chain in Chain
            )
        if not current:
            self.rebuild()

    def close(self) -> None:
        """Close the file and release the writer lock."""
        with self._lock:
            self._db.close()
            if self._guard is not None:
                self._guard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fleet(self) -> SqliteFleet:
        """Return the queries about connected proxies and deliveries.

        :raises Fatal: another version of gitmesh wrote the tables about proxies.
        """
        return SqliteFleet(self)

    def past(self) -> SqlitePast:
        """Return the queries about earlier deliveries."""
        return SqlitePast(self)

    def served_instead_of(self, commit: CommitId) -> CommitId | None:
        """Return the commit that was served in place of this applied commit, if this one never
        was."""
        return served_instead_of(self, commit)

    # ---- write -----------------------------------------------------------------------------------

    def append(self, chain: Chain, events: Sequence[Event], *, expected: Seq) -> Seq:
        """Append ``events`` after ``expected``, all or none; return the new last position.

        Events and projections are on disk when the method returns. Without events it returns
        ``expected``.

        :raises LogMoved: the chain does not end at ``expected``; read the head and plan again.
        """
        with self._transaction():
            head = self.head(chain)
            if head.seq != expected:
                raise LogMoved(f"the {chain} chain ends at {head.seq}, not at {expected}")
            return self._add(chain, events, head)

    def append_observed(self, events: Sequence[DeliveryEvent]) -> Seq:
        """Append to the end of the delivery chain: its events do not depend on each other."""
        with self._transaction():
            return self._add(Chain.DELIVERY, events, self.head(Chain.DELIVERY))

    def _add(self, chain: Chain, events: Sequence[Event], head: Head) -> Seq:
        seq, prev = head.seq, head.hash or GENESIS
        at = self._next_time(chain, seq)
        actor, commits = "", 0
        rows, numbered = [], []
        for event in events:
            seq = Seq(seq + 1)
            actor = actor_of(event) or actor
            commits += isinstance(event, CommitApplied | CommitRejected)
            # Each commit has a time of its own, so that a time names one mesh.
            then = at + max(commits - 1, 0) * _TICK
            row = seal(chain, prev, seq, encode(event, actor), time_text(then))
            rows.append(row)
            numbered.append((seq, event))
            prev = row.hash
        marks = ", ".join("?" * len(Row._fields))
        self._db.executemany(f"INSERT INTO {TABLES[chain]} VALUES ({marks})", rows)  # noqa: S608
        project(self._db, chain, numbered)
        return seq

    def _next_time(self, chain: Chain, seq: Seq) -> datetime:
        """Return the next transaction's time: later than the last one's, whatever the clock."""
        now = self._now()
        found = self._db.execute(
            f"SELECT at FROM {TABLES[chain]} WHERE seq = ?",  # noqa: S608
            (seq,),
        ).fetchone()
        if found is not None:
            now = max(now, datetime.fromisoformat(found[0]) + _TICK)
        return now

    def rebuild(self) -> None:
        """Drop the projections and derive them again from the chains."""
        with self._transaction():
            rebuild(self._db, (record for chain in Chain for record in self.read(chain)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._explained():
            self._still_there()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _still_there(self) -> None:
        if self._file is None or (now := file_id(self._path)) == self._file:
            return
        if now is None:
            raise LogUnavailable(
                f"{self._path}: the event log is missing: its folder was moved or removed, or "
                "cannot be read",
                hint="restore the folder, and the server continues by itself; or restart it to "
                "begin a new log; a log outside the repository (--log) survives a new clone",
            )
        raise LogReplaced(
            f"{self._path}: the event log was replaced by another file",
            hint="restore the log from a backup, or start with a new one; a log outside the "
            "repository (--log) survives a new clone",
        )

    def verify(self, progress: Progress | None = None) -> list[str]:
        """Return all problems of the log as text; empty if it is intact."""
        with self._lock, explained(self._path), self._snapshot():
            return findings(self._db, progress)
