"""Projections of the delivery chain: connected proxies, their state, accepted snapshots."""

import sqlite3
from typing import Final, assert_never

from events.types import (
    OF_STREAMS,
    CommitId,
    DeliveryEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    PushReceived,
    PushRefused,
    RulesChanged,
    Seq,
    ServerStarted,
    ServingPinned,
    ServingReleased,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)

_BEHIND: Final = ProxyState.BEHIND.value
_IN_SYNC: Final = ProxyState.IN_SYNC.value
_REFUSED: Final = ProxyState.REFUSED.value
_LAST_ACCEPTED: Final = ProxyState.LAST_ACCEPTED.value


def project_delivery(connection: sqlite3.Connection, seq: Seq, event: DeliveryEvent) -> None:
    """Apply one more event of the delivery chain to the tables."""
    match event:
        case ProxyConnected() | ProxyDisconnected() | ProxiesFlapped():
            _comings(connection, seq, event)
        case ServerStarted() | ProxiesSettled():
            _proxies(connection, seq, event)
        case SnapshotPublished() | SnapshotConverged() | SnapshotRejected():
            _snapshots(connection, seq, event)
        case WorkerUnresponsive() | WorkerResponsive() | SourceDegraded() | SourceRecovered():
            _troubles(connection, seq, event)
        case SnapshotDelayed() | PushReceived() | PushRefused():
            pass
        case RulesChanged() | ServingPinned() | ServingReleased():
            pass  # the tables of the mesh chain do not change
        case _:
            assert_never(event)


def _troubles(
    connection: sqlite3.Connection,
    seq: Seq,
    event: WorkerUnresponsive | WorkerResponsive | SourceDegraded | SourceRecovered,
) -> None:
    match event:
        case WorkerUnresponsive():
            connection.execute("INSERT OR REPLACE INTO workers VALUES (?, ?)", (event.worker, seq))
        case WorkerResponsive():
            connection.execute("DELETE FROM workers WHERE worker = ?", (event.worker,))
        case SourceDegraded():
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (event.reason, seq))
        case SourceRecovered():
            connection.execute("DELETE FROM sources WHERE reason = ?", (event.reason,))


def _comings(
    connection: sqlite3.Connection,
    seq: Seq,
    event: ProxyConnected | ProxyDisconnected | ProxiesFlapped,
) -> None:
    came: tuple[tuple[str, str, str], ...] = ()
    gone: tuple[str, ...] = ()
    match event:
        case ProxyConnected():
            came = ((event.proxy, event.version, event.state.value),)
        case ProxyDisconnected():
            gone = (event.proxy,)
        case ProxiesFlapped():
            came, gone = event.connected, event.disconnected
    connection.executemany("DELETE FROM proxies WHERE proxy = ?", ((each,) for each in gone))
    if isinstance(event, ProxyDisconnected):
        return
    connection.executemany(
        "INSERT OR REPLACE INTO proxies VALUES (?, ?, ?, ?, ?, ?, ?, "
        "(SELECT refusal FROM nodes WHERE node = ?))",
        (
            (proxy, event.node, version, seq, state, event.commit, seq, event.node)
            for proxy, version, state in came
        ),
    )


def _proxies(
    connection: sqlite3.Connection,
    seq: Seq,
    event: ServerStarted | ProxiesSettled,
) -> None:
    match event:
        case ServerStarted():
            connection.execute("DELETE FROM proxies")
            connection.execute("DELETE FROM workers")
            for reason in sorted(OF_STREAMS):
                connection.execute("DELETE FROM sources WHERE reason = ?", (reason,))
        case ProxiesSettled():
            _settle(connection, seq, event)


def _settle(connection: sqlite3.Connection, seq: Seq, event: ProxiesSettled) -> None:
    groups = (
        (_IN_SYNC, event.in_sync),
        (_REFUSED, event.refused),
        (_LAST_ACCEPTED, event.last_accepted),
        (_BEHIND, event.behind),
    )
    for state, proxies in groups:
        connection.executemany(
            'UPDATE proxies SET state = ?, "commit" = ?, seq = ?, '
            "refusal = (SELECT refusal FROM nodes WHERE nodes.node = proxies.node) "
            "WHERE proxy = ?",
            ((state, event.commit, seq, proxy) for proxy in proxies),
        )
    if event.in_sync:
        _accept(connection, seq, event.commit, event.mesh_seq)


def _snapshots(
    connection: sqlite3.Connection,
    seq: Seq,
    event: SnapshotPublished | SnapshotConverged | SnapshotRejected,
) -> None:
    match event:
        case SnapshotPublished():
            connection.execute(
                "INSERT INTO snapshots VALUES (?, ?, ?, NULL)", (seq, event.commit, event.mesh_seq)
            )
            connection.executemany(
                'UPDATE proxies SET state = ?, "commit" = ?, seq = ? WHERE node = ?',
                ((_BEHIND, event.commit, seq, node) for node in event.nodes),
            )
        case SnapshotConverged():
            _converge(connection, seq, event.commit)
        case SnapshotRejected():
            connection.execute(
                "INSERT INTO nodes VALUES (?, NULL, NULL, ?) "
                "ON CONFLICT (node) DO UPDATE SET refusal = excluded.refusal",
                (event.node, seq),
            )
            connection.execute(
                'UPDATE proxies SET state = ?, "commit" = ?, seq = ?, refusal = ? WHERE proxy = ?',
                (_REFUSED, event.commit, seq, seq, event.proxy),
            )


def _converge(connection: sqlite3.Connection, seq: Seq, commit: CommitId) -> None:
    found = connection.execute(
        'SELECT published, mesh_seq FROM snapshots WHERE "commit" = ? '
        "ORDER BY published DESC LIMIT 1",
        (commit,),
    ).fetchone()
    if found is None:
        return
    published, mesh_seq = found
    connection.execute("UPDATE snapshots SET converged = ? WHERE published = ?", (seq, published))
    # Proxies that connected after the publication have events of their own.
    connection.execute(
        "UPDATE proxies SET state = ?, seq = ? WHERE state = ? AND seq = ?",
        (_IN_SYNC, seq, _BEHIND, published),
    )
    _accept(connection, seq, commit, Seq(mesh_seq))


def _accept(connection: sqlite3.Connection, seq: Seq, commit: CommitId, mesh_seq: Seq) -> None:
    """Record the nodes that have at least one proxy in sync since this event."""
    connection.execute(
        "INSERT INTO nodes SELECT DISTINCT node, ?, ?, NULL FROM proxies "
        "WHERE state = ? AND seq = ? "
        "ON CONFLICT (node) DO UPDATE SET accepted = excluded.accepted, "
        "accepted_commit = excluded.accepted_commit, refusal = NULL",
        (mesh_seq, commit, _IN_SYNC, seq),
    )
