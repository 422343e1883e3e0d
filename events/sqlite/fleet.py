"""Queries about connected proxies, deliveries, and a degraded source."""

from typing import Final, cast

from pydantic_core import from_json

from events.deliveries import OF_SERVING, Delivered, Proxy
from events.encoding.codec import revive
from events.sqlite.reading import LogReading
from events.types import (
    Chain,
    CommitId,
    ProxyState,
    Seq,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    WorkerUnresponsive,
)
from mesh.canonical import JsonObject
from mesh.errors import Fatal
from mesh.keys import ResourceKey

_PROXIES: Final = """
SELECT p.node, p.proxy, p.version, c.at, p.state, p."commit", s.at, p.refusal,
    EXISTS (SELECT 1 FROM resource_versions r WHERE r.key = p.node)
    AND NOT EXISTS (
        SELECT 1 FROM resource_versions r WHERE r.key = p.node
        AND (r.until IS NULL OR r.until > ?) AND r.since <= coalesce(?, r.since)
    )
FROM proxies p
JOIN delivery_events c ON c.seq = p.connected JOIN delivery_events s ON s.seq = p.seq
ORDER BY p.node, p.proxy
"""
"""The last column tells whether the proxy's node was removed from the mesh. In SQLite, no ``until``
is greater than NULL, so rows without an end count as current if no position is given."""
_EVENT: Final = 'kind, v, subject, "commit", data'


class SqliteFleet:
    """Queries on an open log: :class:`events.deliveries.Fleet`."""

    def __init__(self, log: LogReading) -> None:
        self._log = log
        if not log.is_projected(Chain.DELIVERY):
            raise Fatal(
                "the log's tables about proxies were written by another version of gitmesh",
                hint="start gitmesh serve once: it upgrades the file",
            )

    def proxies(self, at: Seq | None = None) -> list[Proxy]:
        """Return the proxies that are connected, by node and name.

        :param at: the position in the mesh chain that is served; the newest by default.
        """
        rows = self._log.ask(_PROXIES, at, at)
        refusals: dict[object, SnapshotRejected | None] = {None: None}
        found = []
        for node, name, version, connected, state, commit, since, refusal, removed in rows:
            standing = ProxyState.NODE_REMOVED if removed else ProxyState(str(state))
            if standing not in (ProxyState.REFUSED, ProxyState.LAST_ACCEPTED):
                refusal = None
            elif refusal is None:
                # Other proxies of its node accepted it: drop the refusal of the node.
                refusal = self._newest_refusal(str(node))
            if refusal not in refusals:
                refusals[refusal] = cast("SnapshotRejected", self._event(refusal)[1])
            found.append(
                Proxy(
                    str(node),
                    str(name),
                    str(version),
                    str(connected),
                    standing,
                    CommitId(str(commit)),
                    str(since),
                    refusals[refusal],
                )
            )
        return found

    def _newest_refusal(self, node: str) -> object:
        rows = self._log.ask(
            "SELECT seq FROM delivery_events WHERE kind = 'SnapshotRejected' AND subject = ? "
            "ORDER BY seq DESC LIMIT 1",
            node,
        )
        return rows[0][0] if rows else None

    def deliveries(self, commit: CommitId) -> list[Delivered]:
        """Return the result of each publication of the commit, in order.

        The start and the end of a pin publish a commit again.
        """
        rows = self._log.ask(
            'SELECT published, converged FROM snapshots WHERE "commit" = ? ORDER BY published',
            commit,
        )
        return [self._delivered(commit, first, last) for first, last in rows]

    def _delivered(self, commit: CommitId, first: object, last: object) -> Delivered:
        later = self._log.ask(
            'SELECT "commit" FROM snapshots WHERE published > ? ORDER BY published LIMIT 1', first
        )
        by = CommitId(str(later[0][0])) if later and last is None else None
        published_at, published = self._event(first)
        converged_at, converged = (None, None) if last is None else self._event(last)
        return Delivered(
            published_at,
            cast("SnapshotPublished", published),
            converged_at,
            cast("SnapshotConverged | None", converged),
            None if by == commit else by,
        )

    def started_at(self) -> str:
        """Return the time of the last server start; "" if there was none.

        That server serves everything that was logged before its start.
        """
        rows = self._log.ask("SELECT max(at) FROM delivery_events WHERE kind = 'ServerStarted'")
        return str(rows[0][0] or "")

    def refusals(self, commit: CommitId) -> list[SnapshotRejected]:
        """Return the refusals of this commit's snapshots by proxies, in order."""
        rows = self._log.ask(
            f"SELECT {_EVENT} FROM delivery_events "  # noqa: S608
            "WHERE kind = 'SnapshotRejected' AND \"commit\" = ? ORDER BY seq",
            commit,
        )
        return [cast("SnapshotRejected", _revived(row)) for row in rows]

    def degraded(self) -> list[tuple[str, SourceDegraded]]:
        """Return the reasons why the repository cannot be followed now, with the time of each."""
        rows = self._log.ask("SELECT seq FROM sources ORDER BY seq")
        events = [self._event(seq) for (seq,) in rows]
        return [(at, cast("SourceDegraded", event)) for at, event in events]

    def unresponsive(self) -> list[tuple[str, WorkerUnresponsive]]:
        """Return the workers that do not answer, with the time at which that was detected."""
        rows = self._log.ask("SELECT seq FROM workers ORDER BY worker")
        events = [self._event(seq) for (seq,) in rows]
        return [(at, cast("WorkerUnresponsive", event)) for at, event in events]

    def path(self, key: ResourceKey, at: Seq) -> str | None:
        """Return the file of a resource at a position of the mesh chain."""
        rows = self._log.ask(
            "SELECT path FROM resource_versions "
            "WHERE key = ? AND since <= ? AND (until IS NULL OR until > ?)",
            *(str(key), at, at),
        )
        return str(rows[0][0]) if rows else None

    def _event(self, seq: object) -> tuple[str, object]:
        (row,) = self._log.ask(
            f"SELECT {_EVENT}, at FROM delivery_events WHERE seq = ?",  # noqa: S608
            seq,
        )
        return str(row[-1]), _revived(row)


def _revived(row: tuple[object, ...]) -> object:
    kind, v, subject, commit, data = row[:5]
    body = cast("JsonObject", from_json(str(data)))
    return revive(str(kind), int(str(v)), str(subject), str(commit), body)


def served_instead_of(log: LogReading, commit: CommitId) -> CommitId | None:
    """Return the later commit that replaced this applied commit before it was served.

    None if the commit was served, if it may still be served next, or if no server wrote the log.
    """
    kinds = ", ".join("?" * len(OF_SERVING))
    told = log.ask(
        'SELECT 1 FROM delivery_events WHERE "commit" = ? '  # noqa: S608
        f"AND kind IN ({kinds}) LIMIT 1",
        commit,
        *OF_SERVING,
    )
    return None if told else _passed_over_by(log, commit)


def _passed_over_by(log: LogReading, commit: CommitId) -> CommitId | None:
    applied = log.ask(
        "SELECT c.seq, e.at FROM commits c JOIN mesh_events e ON e.seq = c.seq "
        "WHERE c.\"commit\" = ? AND c.outcome = 'applied' ORDER BY c.seq",
        commit,
    )
    starts = log.ask("SELECT at FROM delivery_events WHERE kind = 'ServerStarted'")
    found = None
    for seq, at in applied if starts else ():
        later = log.ask(
            'SELECT c."commit", e.at FROM commits c JOIN mesh_events e ON e.seq = c.seq '
            "WHERE c.seq > ? AND c.outcome = 'applied' ORDER BY c.seq LIMIT 1",
            seq,
        )
        # The newest snapshot at a server's start is served, but not published again.
        if not later or any(str(at) <= str(start) < str(later[0][1]) for (start,) in starts):
            return None
        found = CommitId(str(later[0][0]))
    return found
