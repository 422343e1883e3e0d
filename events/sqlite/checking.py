"""Integrity check of a log, as used by ``gitmesh verify``."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final

from events.integrity.chain import GENESIS, Row, event_hash, event_of
from events.sqlite.foreign import foreign
from events.sqlite.projections import PROJECTOR, Expected, projectors
from events.sqlite.schema import TABLES, wrong_projections, wrong_protection
from events.store import Progress
from events.types import START, Chain, Seq
from mesh.errors import Fatal

_PROGRESS_EVERY: Final = 5_000
_REWRITTEN: Final = "HistoryRewritten"
_BEGINNING: Final = frozenset({"CommitApplied", "CommitRejected", _REWRITTEN})
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def findings(connection: sqlite3.Connection, progress: Progress | None = None) -> list[str]:
    """Return all problems of a log as text; empty if it is intact.

    For each chain the first wrong event is reported: nothing after it can be trusted. The log alone
    cannot show that its chains were truncated; for that, a head must be recorded elsewhere.

    Each chain is read once, to check its hashes and to compute the expected projections.
    """
    found = wrong_protection(connection)
    with closing(_Projections()) as projections:
        for chain in Chain:
            found += _chain_findings(connection, chain, projections, progress)
        return found + projections.findings(connection) + _file(connection)


def _file(connection: sqlite3.Connection) -> list[str]:
    """Return the problems of the file itself; chains and projections are not checked."""
    damage = _damage(connection)
    try:
        return foreign(connection) + damage
    except sqlite3.Error as error:
        return [*damage, f"file: it cannot be told what else is in it: {error}"]


def _damage(connection: sqlite3.Connection) -> list[str]:
    """Return the problems that SQLite reports about the file.

    Rows may be intact and still be missing in an index, so that no query finds them.
    """
    try:
        found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        found = [str(error)]
    if found == ["ok"]:
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"file: SQLite finds it damaged: {' '.join(found[0].split())}{more}"]


def _chain_findings(
    connection: sqlite3.Connection,
    chain: Chain,
    projections: "_Projections",
    progress: Progress | None,
) -> list[str]:
    wrong: str | None = None
    seq, prev, before = START, GENESIS, None
    try:
        for found in _rows(connection, chain, progress):
            row = Row._make(found)
            if wrong is None:
                wrong = _flaw(chain, row, seq, prev) or _wrong_time(chain, row, before)
            seq, prev, before = Seq(row.seq), row.hash, row
            projections.follow(chain, row)
    except (TypeError, sqlite3.Error) as error:
        wrong = wrong or f"event {seq + 1} cannot be read: {error}"
        projections.give_up(error)
    projections.end(chain, seq)
    return [] if wrong is None else [f"{chain} chain: {wrong}"]


def _rows(
    connection: sqlite3.Connection, chain: Chain, progress: Progress | None
) -> Iterable[tuple[Any, ...]]:
    """Yield the rows of a chain, and report progress."""
    table = TABLES[chain]
    rows = connection.execute(f"SELECT * FROM {table} ORDER BY seq")  # noqa: S608
    if progress is None:
        return rows
    (whole,) = connection.execute(f"SELECT max(seq) FROM {table}").fetchone()  # noqa: S608
    return _told(rows, f"checking the {chain} chain", whole, progress)


def _told(
    rows: Iterable[tuple[Any, ...]], what: str, whole: int, progress: Progress
) -> Iterator[tuple[Any, ...]]:
    for done, row in enumerate(rows):
        if done % _PROGRESS_EVERY == 0:
            progress(what, done, whole)
        yield row


def _flaw(chain: Chain, row: Row, seq: Seq, prev: str) -> str | None:
    """Return the problem of the event that follows position ``seq``, if any."""
    if row.seq != seq + 1:
        return f"event {seq + 1} is missing; {row.seq} follows {seq}"
    if row.prev_hash != prev:
        return f"event {row.seq} does not continue the event before it"
    if row.hash != event_hash(chain, row):
        return f"event {row.seq} ({row.kind}) is not what was written"
    return None


def _wrong_time(chain: Chain, row: Row, before: Row | None) -> str | None:
    """Return the problem of an event's recording time in the mesh chain, whose hashes do not cover
    it.

    The state at a time is found by binary search, so times must not decrease. All events of a
    commit have the same time, which no other commit has.
    """
    if not _TIME.fullmatch(row.at):
        return f"event {row.seq} ({row.kind}) says {row.at!r}, which is not a time"
    if before is None:
        return None
    if row.at < before.at:
        return f"event {row.seq} ({row.kind}) was written down before the event before it"
    if chain is Chain.MESH and _goes_on(row, before) != (row.at == before.at):
        told = "another time than" if row.at != before.at else "the same time as"
        return f"event {row.seq} ({row.kind}) has {told} the event before it"
    return None


def _goes_on(row: Row, before: Row) -> bool:
    """Return whether an event of the mesh chain belongs to the same commit as the previous
    event."""
    return row.kind not in _BEGINNING or before.kind == _REWRITTEN


class _Projections:
    """Expected content of the projections, as far as the chains are readable."""

    def __init__(self) -> None:
        self._expected = Expected()
        self._failed: str | None = None

    def follow(self, chain: Chain, row: Row) -> None:
        if self._failed is not None:
            return
        try:
            self._expected.follow(chain, Seq(row.seq), event_of(row))
        except Exception as error:
            # Forged data may raise any error. That is a finding, and the check continues.
            self.give_up(error)

    def give_up(self, error: Exception) -> None:
        if self._failed is None:
            self._failed = error.message if isinstance(error, Fatal) else str(error)

    def end(self, chain: Chain, seq: Seq) -> None:
        self._expected.end(chain, seq)

    def findings(self, connection: sqlite3.Connection) -> list[str]:
        if self._failed is None:
            try:
                if others := projectors(connection) - {PROJECTOR}:
                    return [
                        f"the projections were made by another gitmesh (form {min(others)}, here "
                        f"{PROJECTOR}): gitmesh serve makes them anew when it starts"
                    ]
                if wrong := wrong_projections(connection):
                    return [f"the projections are not as gitmesh makes them: {', '.join(wrong)}"]
                return [
                    f"projection {table} differs from what the chain says"
                    for table in self._expected.differences(connection)
                ]
            except sqlite3.Error as error:
                self.give_up(error)
        return [f"the projections cannot be compared with the chains: {self._failed}"]

    def close(self) -> None:
        self._expected.close()
