"""Projections: disposable tables derived from the chains.

Each stores its position, and is updated in the transaction that appends events. They contain
nothing that cannot be derived from the chains: :func:`rebuild` gives the same rows.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, cast

from events.encoding.codec import decode
from events.sqlite.delivery_projections import project_delivery
from events.sqlite.mesh_projections import MeshRows
from events.sqlite.schema import PROJECTION_TABLES, create_indexes, create_projections
from events.types import Chain, DeliveryEvent, Event, MeshEvent, Record, Seq
from mesh.errors import Fatal

PROJECTOR: Final = 3
"""Version of the projections; increased when tables or their content change, so that older ones are
rebuilt."""


def project(
    connection: sqlite3.Connection, chain: Chain, events: Iterable[tuple[Seq, object]]
) -> None:
    """Apply events to the tables; they directly follow the tables' position."""
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
    """Return whether the tables are at the head and of the current version."""
    found = connection.execute(
        "SELECT seq, projector FROM positions WHERE chain = ?", (chain,)
    ).fetchone()
    return found == (head, PROJECTOR) if head else found is None


def projectors(connection: sqlite3.Connection) -> set[int]:
    """Return the projection versions that wrote the tables; none if there are no events."""
    return {made for (made,) in connection.execute("SELECT projector FROM positions")}


def rebuild(connection: sqlite3.Connection, records: Iterator[Record]) -> None:
    """Drop the tables and indexes, and derive them again from the records of both chains.

    :raises Fatal: a record is damaged.
    """
    for table in PROJECTION_TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    create_projections(connection)
    create_indexes(connection)
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
            f"the log contains data that gitmesh never writes: {error}",
            hint="run gitmesh verify on the log",
        ) from error


_BATCH: Final = 5000


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, sorted, for comparison."""
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
        for table in PROJECTION_TABLES
    }


class Expected:
    """Expected content of the tables, computed from both chains while they are read.

    Only small tables go through an in-memory database; for the mesh, the rows suffice.
    """

    def __init__(self) -> None:
        self._mesh = MeshRows()
        self._delivery = sqlite3.connect(":memory:")
        self._delivery.execute("PRAGMA journal_mode = OFF")
        create_projections(self._delivery)

    def follow(self, chain: Chain, seq: Seq, event: Event) -> None:
        """Apply the next event of a chain."""
        if chain is Chain.MESH:
            self._mesh.follow(seq, cast("MeshEvent", event))
        else:
            project_delivery(self._delivery, seq, cast("DeliveryEvent", event))

    def end(self, chain: Chain, seq: Seq) -> None:
        """Record the end of a chain."""
        if seq:
            _mark(self._delivery, chain, seq)

    def differences(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the tables whose content differs."""
        expected = {**rows(self._delivery), **self._mesh.tables()}
        actual = rows(connection)
        return [table for table in expected if expected[table] != actual[table]]

    def close(self) -> None:
        """Release the in-memory database."""
        self._delivery.close()
