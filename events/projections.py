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
from mesh.canonical import JsonObject, canonical
from mesh.keys import ResourceKey

PROJECTOR: Final = 2
"""Raised when these tables, or how they are filled, change: older ones are then rebuilt."""


def project(
    connection: sqlite3.Connection, chain: Chain, events: Iterable[tuple[Seq, object]]
) -> None:
    """Bring the tables up to the last of these events, which directly follow their position."""
    seq: Seq | None = None
    for seq, event in events:
        if chain is Chain.MESH:
            _mesh(connection, seq, cast("MeshEvent", event))
        else:
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


def _mesh(connection: sqlite3.Connection, seq: Seq, event: MeshEvent) -> None:
    match event:
        case ResourceAdded() | ResourceChanged() | TrafficShifted():
            _supersede(connection, seq, event.key)
            _insert_version(connection, seq, event.key, event.commit, event.path, event.spec)
            _extend(connection, seq)
        case ResourceRemoved():
            _supersede(connection, seq, event.key)
            _extend(connection, seq)
        case CommitApplied() | CommitRejected():
            outcome = "applied" if isinstance(event, CommitApplied) else "rejected"
            connection.execute(
                "INSERT INTO commits VALUES (?, ?, ?, ?, ?)",
                (seq, seq, event.facts.commit, event.facts.tree, outcome),
            )
        case HistoryRewritten():
            pass
        case _:
            assert_never(event)


def _supersede(connection: sqlite3.Connection, seq: Seq, key: ResourceKey) -> None:
    connection.execute(
        "UPDATE resource_versions SET until = ? WHERE key = ? AND until IS NULL", (seq, str(key))
    )


def _insert_version(
    connection: sqlite3.Connection,
    seq: Seq,
    key: ResourceKey,
    commit: str,
    path: str,
    spec: JsonObject,
) -> None:
    connection.execute(
        "INSERT INTO resource_versions VALUES (?, ?, NULL, ?, ?, ?)",
        (str(key), seq, commit, path, canonical(spec)),
    )


def _extend(connection: sqlite3.Connection, seq: Seq) -> None:
    """Count a resource event to the commit before it."""
    connection.execute(
        "UPDATE commits SET last_seq = ? WHERE seq = (SELECT max(seq) FROM commits)", (seq,)
    )
