"""Event logs for tests: filled ones, and access that bypasses the store."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from events.sqlite.projections import rows
from events.sqlite.schema import TABLES
from events.store import EventStore
from events.types import (
    START,
    Chain,
    CommitApplied,
    DeliveryEvent,
    MeshEvent,
    ProxyConnected,
    ProxyDisconnected,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    SnapshotRejected,
)
from mesh.keys import Kind, ResourceKey
from tests.support.histories import History, facts

ROUTE = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")
NODE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")

SHORT_HISTORY: History = (
    (
        CommitApplied(facts(1), None, 2),
        ResourceAdded(NODE, facts(1).commit, {"backends": []}, "web.yaml"),
        ResourceAdded(ROUTE, facts(1).commit, {"priority": 1}, "all.yaml"),
    ),
    (
        CommitApplied(facts(2), None, 1),
        ResourceChanged(ROUTE, facts(2).commit, {"priority": 2}, "all.yaml", ()),
    ),
    (CommitApplied(facts(3), None, 1), ResourceRemoved(NODE, facts(3).commit)),
)
SOME_DELIVERY: Sequence[DeliveryEvent] = (
    ProxyConnected("mesh/shop/virtualNode/web", "127.0.0.2:1#1", "envoy 1.37"),
    ProxyConnected("mesh/shop/virtualNode/web", "127.0.0.2:1#2", "envoy 1.37"),
    SnapshotRejected(
        facts(2).commit, "mesh/shop/virtualNode/web", "clusters", "9f", "bad", "127.0.0.2:1#2"
    ),
    ProxyDisconnected("mesh/shop/virtualNode/web", "127.0.0.2:1#1", "closed"),
)


def fill(log: EventStore, history: History, delivery: Sequence[DeliveryEvent] = ()) -> None:
    """Append each transaction, and the delivery events one by one."""
    seq = log.head(Chain.MESH).seq
    for transaction in history:
        seq = log.append(Chain.MESH, transaction, expected=seq)
    for event in delivery:
        log.append_observed([event])


def numbered(history: History) -> list[tuple[Seq, MeshEvent]]:
    """Return the events of a history with the positions that they have in an empty log."""
    events = [event for transaction in history for event in transaction]
    return [(Seq(START + at), event) for at, event in enumerate(events, 1)]


@contextmanager
def outsider(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file as another program would, with SQLite's defaults."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def unprotected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file with all triggers dropped, and restore them afterwards."""
    with outsider(path) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)


def chain_rows(path: Path) -> dict[Chain, list[tuple[object, ...]]]:
    """Return every row of both chains."""
    with outsider(path) as connection:
        return {
            chain: connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()
            for chain, table in TABLES.items()
        }


def projection_rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the projections."""
    with outsider(path) as connection:
        return rows(connection)
