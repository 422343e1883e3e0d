"""Disposable tables that follow the chains: what is live, which commits were seen, which proxies.

Each carries its position and is updated in the transaction that appends. They hold nothing that the
chains do not: :func:`rebuild` makes the same rows again.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, cast

from events.codec import decode
from events.delivery_projections import project_delivery
from events.mesh_projections import MeshRows
from events.schema import PROJECTION_TABLES, create_projections
from events.types import Chain, DeliveryEvent, Event, MeshEvent, Record, Seq
from mesh.errors import Fatal

PROJECTOR: Final = 3
"""Raised when these tables, or how they are filled, change: older ones are then rebuilt."""


def project(
    connection: sqlite3.Connection, chain: Chain, events: Iterable[tuple[Seq, object]]
) -> None:
    """Bring the tables up to the last of these events, which directly follow their position."""
    seq: Seq | None = None
    if chain is Chain.MESH:
        batch = MeshRows()
        for seq, event in events:
            batch.follow(seq, cast("MeshEvent", event))
        batch.write(connection)
    else:
        for seq, event in events:
            project_delivery(connection, seq, cast("DeliveryEvent", event))
    if seq is not None:
        _mark(connection, chain, seq)


def _mark(connection: sqlite3.Connection, chain: Chain, seq: Seq) -> None:
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


def projectors(connection: sqlite3.Connection) -> set[int]:
    """Return which versions of this module made the tables; none where there are no events."""
    return {made for (made,) in connection.execute("SELECT projector FROM positions")}


def rebuild(connection: sqlite3.Connection, records: Iterator[Record]) -> None:
    """Drop the tables and fill them again from the records of both chains.

    :raises Fatal: a record is damaged.
    """
    for table in PROJECTION_TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    create_projections(connection)
    pending: dict[Chain, list[tuple[Seq, object]]] = {chain: [] for chain in Chain}
    try:
        for record in records:
            pending[record.chain].append((record.seq, decode(record)))
            if len(pending[record.chain]) >= _BATCH:
                project(connection, record.chain, pending[record.chain])
                pending[record.chain].clear()
        for chain, events in pending.items():
            project(connection, chain, events)
    except ValueError as error:
        raise Fatal(
            f"the log holds what no gitmesh writes: {error}", hint="run gitmesh verify on the log"
        ) from error


_BATCH: Final = 5000


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, sorted: what two sets of projections are compared by."""
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
        for table in PROJECTION_TABLES
    }


class Expected:
    """What the tables must hold, made from both chains beside the log while they are read.

    Only what is small goes through a database in memory: of the mesh, the rows are enough.
    """

    def __init__(self) -> None:
        self._mesh = MeshRows()
        self._delivery = sqlite3.connect(":memory:")
        self._delivery.execute("PRAGMA journal_mode = OFF")
        create_projections(self._delivery)

    def follow(self, chain: Chain, seq: Seq, event: Event) -> None:
        """Take the next event of a chain."""
        if chain is Chain.MESH:
            self._mesh.follow(seq, cast("MeshEvent", event))
        else:
            project_delivery(self._delivery, seq, cast("DeliveryEvent", event))

    def end(self, chain: Chain, seq: Seq) -> None:
        """Note that the chain ends there."""
        if seq:
            _mark(self._delivery, chain, seq)

    def differences(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the tables that hold something else."""
        expected = {**rows(self._delivery), **self._mesh.tables()}
        actual = rows(connection)
        return [table for table in expected if expected[table] != actual[table]]

    def close(self) -> None:
        """Let go of the memory."""
        self._delivery.close()
