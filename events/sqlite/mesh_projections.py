"""Projections of the mesh chain: versions of each resource, and results of commits."""

import sqlite3
from typing import assert_never

from events.types import (
    CommitApplied,
    CommitRejected,
    HistoryRewritten,
    MeshEvent,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    TrafficShifted,
)
from mesh.canonical import canonical


class MeshRows:
    """Projection rows that follow from consecutive events of the mesh chain.

    From the start of the chain these are the full tables, from elsewhere the additions to them.
    """

    def __init__(self) -> None:
        self._ended: list[tuple[Seq, str]] = []
        self._versions: list[list[object]] = []
        self._current: dict[str, list[object]] = {}
        self._commits: list[list[object]] = []
        self._last: Seq | None = None
        """Position of the last event before the first commit of this batch; it belongs to the
        previous commit. None if there is no such event."""

    def follow(self, seq: Seq, event: MeshEvent) -> None:
        """Apply one more event."""
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
        """Update the tables, whose position must be directly before these events."""
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

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the sorted tables that :meth:`write` would produce from empty ones."""
        return {
            "resource_versions": sorted(map(tuple, self._versions)),
            "commits": sorted(map(tuple, self._commits)),
        }
