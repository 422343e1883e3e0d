"""Disposable tables that follow the chains: what is live, which commits were seen, which proxies.

Each carries its position and is updated in the transaction that appends. They hold nothing that the
chains do not: :func:`rebuild` makes the same rows again.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, assert_never, cast

from events.codec import decode
from events.delivery_projections import project_delivery
from events.schema import PROJECTION_TABLES, create_projections
from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    DeliveryEvent,
    HistoryRewritten,
    MeshEvent,
    Record,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    TrafficShifted,
)
from mesh.canonical import canonical

PROJECTOR: Final = 2
"""Raised when these tables, or how they are filled, change: older ones are then rebuilt."""


def project(
    connection: sqlite3.Connection, chain: Chain, events: Iterable[tuple[Seq, object]]
) -> None:
    """Bring the tables up to the last of these events, which directly follow their position."""
    seq: Seq | None = None
    if chain is Chain.MESH:
        batch = _Batch()
        for seq, event in events:
            batch.follow(seq, cast("MeshEvent", event))
        batch.write(connection)
    else:
        for seq, event in events:
            project_delivery(connection, seq, cast("DeliveryEvent", event))
    if seq is not None:
        connection.execute(
            "INSERT INTO positions VALUES (?, ?, ?) "
            "ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq",
            (chain, seq, PROJECTOR),
        )


def is_current(connection: sqlite3.Connection, chain: Chain, head: Seq) -> bool:
    """Tell whether the tables stand at the head and were made by this version of this module."""
    found = connection.execute(
        "SELECT seq, projector FROM positions WHERE chain = ?", (chain,)
    ).fetchone()
    return found == (head, PROJECTOR) if head else found is None


def rebuild(connection: sqlite3.Connection, records: Iterator[Record]) -> None:
    """Drop the tables and fill them again from the records of both chains."""
    for table in PROJECTION_TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    create_projections(connection)
    pending: dict[Chain, list[tuple[Seq, object]]] = {chain: [] for chain in Chain}
    for record in records:
        pending[record.chain].append((record.seq, decode(record)))
        if len(pending[record.chain]) >= _BATCH:
            project(connection, record.chain, pending[record.chain])
            pending[record.chain].clear()
    for chain, events in pending.items():
        project(connection, chain, events)


_BATCH: Final = 5000


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, sorted: what two sets of projections are compared by."""
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
        for table in PROJECTION_TABLES
    }


# ---- mesh ---------------------------------------------------------------------------------------


class _Batch:
    """What events of the mesh chain that follow each other do to its tables, written at once."""

    def __init__(self) -> None:
        self._ended: list[tuple[Seq, str]] = []
        self._versions: list[list[object]] = []
        self._current: dict[str, list[object]] = {}
        self._commits: list[list[object]] = []
        self._last: Seq | None = None
        """Where the commit before this batch ends, if events of its resources are in it."""

    def follow(self, seq: Seq, event: MeshEvent) -> None:
        """Take one more event."""
        match event:
            case ResourceAdded() | ResourceChanged() | TrafficShifted():
                key = str(event.key)
                self._touch(seq, key)
                version = [key, seq, None, event.commit, event.path, canonical(event.spec)]
                self._versions.append(version)
                self._current[key] = version
            case ResourceRemoved():
                self._touch(seq, str(event.key))
            case CommitApplied() | CommitRejected():
                outcome = "applied" if isinstance(event, CommitApplied) else "rejected"
                facts = event.facts
                self._commits.append([seq, seq, facts.commit, facts.tree, outcome])
            case HistoryRewritten():
                pass
            case _:
                assert_never(event)

    def _touch(self, seq: Seq, key: str) -> None:
        version = self._current.pop(key, None)
        if version is None:
            self._ended.append((seq, key))
        else:
            version[2] = seq
        if self._commits:
            self._commits[-1][1] = seq
        else:
            self._last = seq

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the tables up to the last event."""
        if self._last is not None:
            connection.execute(
                "UPDATE commits SET last_seq = ? WHERE seq = (SELECT max(seq) FROM commits)",
                (self._last,),
            )
        connection.executemany(
            "UPDATE resource_versions SET until = ? WHERE key = ? AND until IS NULL", self._ended
        )
        connection.executemany(
            "INSERT INTO resource_versions VALUES (?, ?, ?, ?, ?, ?)", self._versions
        )
        connection.executemany("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", self._commits)
