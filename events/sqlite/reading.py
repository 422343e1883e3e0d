"""Reading from the log: events, the mesh at any position, and versions of resources."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, cast

from events.blame import Present, Version
from events.encoding.bodies import key_of
from events.encoding.codec import json_object, revive
from events.integrity.chain import Row, record_of
from events.query import Query, time_text
from events.sqlite.failures import explained
from events.sqlite.projections import PROJECTOR
from events.sqlite.schema import TABLES
from events.state import MeshState
from events.store import Head
from events.types import START, Chain, CommitId, MeshEvent, Record, Seq
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey

_SHORTEST_PREFIX: Final = 4
_PAGE: Final = 1000
_FIRST_PAGE: Final = 32
"""Number of events that are read first: who reads a commit needs only a few."""
_FEW: Final = 4
"""Number of versions that are read first: callers often need only the newest ones."""
_AT: Final = """
WITH RECURSIVE keys(key) AS (
    SELECT min(key) FROM resource_versions
    UNION ALL
    SELECT (SELECT min(key) FROM resource_versions WHERE key > keys.key) FROM keys
    WHERE keys.key IS NOT NULL
)
SELECT keys.key, version.spec FROM keys JOIN resource_versions AS version
ON version.key = keys.key AND version.since = (
    SELECT max(since) FROM resource_versions WHERE key = keys.key AND since <= :seq
)
WHERE version.until IS NULL OR version.until > :seq
"""
"""Query for each resource at a position. It takes a few index steps per resource, however many
versions there are and however old the position is."""


class LogReading:
    """The queries of :class:`events.store.EventReader` on an open SQLite file."""

    _in_use = False
    """True if a server uses the file, which may therefore be unavailable for a moment."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._db = connection
        self._lock = threading.RLock()

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self._path, in_use=self._in_use)

    def head(self, chain: Chain) -> Head:
        """Return the last position of a chain and its hash; position 0 and ``""`` when empty."""
        with self._lock, self._explained():
            found = self._db.execute(
                f"SELECT seq, hash FROM {TABLES[chain]} ORDER BY seq DESC LIMIT 1"  # noqa: S608
            ).fetchone()
        return Head(Seq(found[0]), found[1]) if found else Head(START, "")

    def read(
        self, chain: Chain, *, after: Seq = START, limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the events after position ``after``, in order, up to ``limit`` of them."""
        for row in self.rows(chain, after=after, limit=limit):
            yield record_of(chain, row)

    def rows(self, chain: Chain, *, after: Seq = START, limit: int | None = None) -> Iterator[Row]:
        """Yield the rows after position ``after``, as stored and as hashes cover them."""
        left, most = limit, _FIRST_PAGE
        while left is None or left > 0:
            size = most if left is None else min(most, left)
            with self._lock, self._explained():
                page = self._db.execute(
                    f"SELECT * FROM {TABLES[chain]} WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
                    (after, size),
                ).fetchall()
            yield from map(Row._make, page)
            if len(page) < size:
                return
            after, most = Seq(page[-1][0]), _PAGE
            left = None if left is None else left - size

    def about(self, commit: CommitId, chain: Chain) -> Iterator[Record]:
        """Yield the events of a chain with this commit, in order."""
        with self._lock, self._explained():
            found = self._db.execute(
                f'SELECT * FROM {TABLES[chain]} WHERE "commit" = ? ORDER BY seq',  # noqa: S608
                (commit,),
            ).fetchall()
        for row in found:
            yield record_of(chain, Row(*row))

    def select(self, chain: Chain, query: Query, newest: int = 0) -> list[Record]:
        """Return the matching events, oldest first; at most the ``newest`` ones, 0 for all."""
        where, values = _condition(query)
        with self._lock, self._explained():
            found = self._db.execute(
                f"SELECT * FROM {TABLES[chain]} WHERE {where} ORDER BY seq DESC LIMIT ?",  # noqa: S608
                (*values, newest or -1),
            ).fetchall()
        return [record_of(chain, Row(*row)) for row in reversed(found)]

    def connected_nodes(self) -> dict[str, int]:
        """Return the number of connected proxies of each node."""
        with self._lock, self._explained():
            return dict(
                self._db.execute("SELECT node, count(*) FROM proxies GROUP BY node").fetchall()
            )

    def replay(self, *, after: Seq = START) -> Iterator[tuple[Seq, MeshEvent]]:
        """Yield the mesh events after a position: the fastest way to fold them."""
        size = _PAGE * 5
        while True:
            with self._lock, self._explained():
                page = self._db.execute(
                    'SELECT seq, kind, v, subject, "commit", data FROM mesh_events '
                    "WHERE seq > ? ORDER BY seq LIMIT ?",
                    (after, size),
                ).fetchall()
            for seq, kind, v, subject, commit, data in page:
                yield seq, cast("MeshEvent", revive(kind, v, subject, commit, json_object(data)))
            if len(page) < size:
                return
            after = Seq(page[-1][0])

    def state(self, at: Seq | None = None) -> MeshState:
        """Return the mesh after the event at ``at``, or at the head; without replay.

        :raises UsageError: the mesh chain has no such position.
        """
        with self._lock, self._explained(), self._snapshot():
            head = self.head(Chain.MESH).seq
            seq = head if at is None else at
            if not 0 <= seq <= head:
                raise UsageError(f"the mesh chain has no event {seq}", hint=f"its last is {head}")
            found = self._db.execute(_AT, {"seq": seq}).fetchall()
            tip = self._last_commit(seq, "1")
            commit = self._last_commit(seq, "outcome = 'applied'")
            settings = self._settings(seq)
        resources = {key_of(key): json_object(spec) for key, spec in found}
        return MeshState(seq, tip, commit, resources, settings)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Give several reads the same state of the file while another process writes."""
        nested = self._db.in_transaction
        if not nested:
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            # Where memory runs out, SQLite ends the transaction by itself.
            if not nested and self._db.in_transaction:
                self._db.execute("COMMIT")

    def _last_commit(self, seq: Seq, condition: str) -> CommitId | None:
        found = self._db.execute(
            f'SELECT "commit" FROM commits WHERE seq <= ? AND {condition} '  # noqa: S608
            "ORDER BY seq DESC LIMIT 1",
            (seq,),
        ).fetchone()
        return CommitId(found[0]) if found else None

    def _settings(self, seq: Seq) -> JsonObject:
        """Return the settings of the last commit applied at this position."""
        found = self._db.execute(
            f"SELECT data FROM {TABLES[Chain.MESH]} WHERE seq = "  # noqa: S608
            "(SELECT max(seq) FROM commits WHERE seq <= ? AND outcome = 'applied')",
            (seq,),
        ).fetchone()
        return cast("JsonObject", json_object(found[0]).get("settings", {})) if found else {}

    def served_commit(self) -> CommitId | None:
        """Return the last applied commit, whose mesh is served."""
        found = self._one(
            "SELECT \"commit\" FROM commits WHERE outcome = 'applied' ORDER BY seq DESC LIMIT 1"
        )
        return None if found is None else CommitId(str(found))

    def newest_commit(self) -> CommitId | None:
        """Return the last commit read, applied or rejected."""
        found = self._one('SELECT "commit" FROM commits ORDER BY seq DESC LIMIT 1')
        return None if found is None else CommitId(str(found))

    def commit_of_tree(self, tree: str) -> CommitId | None:
        """Return the latest applied commit with that tree."""
        found = self._one(
            "SELECT \"commit\" FROM commits WHERE tree = ? AND outcome = 'applied' "
            "ORDER BY seq DESC LIMIT 1",
            tree,
        )
        return CommitId(str(found)) if found is not None else None

    def is_logged(self, commit: CommitId) -> bool:
        """Return whether the commit was applied or rejected before."""
        return self._one('SELECT 1 FROM commits WHERE "commit" = ? LIMIT 1', commit) is not None

    def seq_of_commit(self, commit_prefix: str) -> Seq | None:
        """Return the last position of the commit's transaction, the latest if it has several.

        :raises UsageError: the prefix is too short, or matches several commits.
        """
        prefix = commit_prefix.lower()
        if len(prefix) < _SHORTEST_PREFIX or not set(prefix) <= set("0123456789abcdef"):
            raise UsageError(
                f"{commit_prefix!r} is not a commit id",
                hint=f"write at least {_SHORTEST_PREFIX} of its hex digits",
            )
        with self._lock, self._explained():
            found = self._db.execute(
                'SELECT "commit", max(last_seq) FROM commits '
                'WHERE "commit" >= ? AND "commit" < ? GROUP BY "commit" LIMIT 2',
                (prefix, prefix + "g"),
            ).fetchall()
        if len(found) > 1:
            raise UsageError(
                f"{commit_prefix!r} matches several commits", hint="give more of its digits"
            )
        return Seq(found[0][1]) if found else None

    def observed_commit(self, commit_prefix: str) -> CommitId | None:
        """Return the commit of the delivery chain whose id begins with this prefix, if exactly one
        does."""
        prefix = commit_prefix.lower()
        found = self.ask(
            'SELECT DISTINCT "commit" FROM delivery_events '
            'WHERE "commit" >= ? AND "commit" < ? LIMIT 2',
            *(prefix, prefix + "g"),
        )
        return CommitId(str(found[0][0])) if len(found) == 1 else None

    def seq_at(self, when: datetime) -> Seq:
        """Return the last position of the mesh chain that was recorded by then; 0 if none was.

        Times never decrease along a chain, so binary search finds it in a log of any length.
        """
        wanted = time_text(when)
        with self._lock, self._explained():
            low, high = 0, int(self.head(Chain.MESH).seq)
            while low < high:
                middle = (low + high + 1) // 2
                at = self._one("SELECT at FROM mesh_events WHERE seq = ?", middle)
                low, high = (middle, high) if str(at) <= wanted else (low, middle - 1)
        return Seq(low)

    def first_seq_of_commit(self, seq: Seq) -> Seq | None:
        """Return the first position of the commit's transaction that contains the event at
        ``seq``."""
        found = self._one(
            "SELECT seq FROM commits WHERE seq <= ? AND last_seq >= ? ORDER BY seq DESC LIMIT 1",
            seq,
            seq,
        )
        return None if found is None else Seq(int(str(found)))

    def versions(self, key: ResourceKey, up_to: Seq) -> Iterator[Version]:
        """Yield the versions of a resource from ``up_to`` back to its beginning, newest first.

        A period in which it did not exist is a version, too.
        """
        until: int | None = None
        before, size = int(up_to) + 1, _FEW
        while True:
            with self._lock, self._explained():
                page = self._db.execute(
                    'SELECT since, until, "commit", spec FROM resource_versions '
                    "WHERE key = ? AND since < ? ORDER BY since DESC LIMIT ?",
                    (str(key), before, size),
                ).fetchall()
            for since, ended, commit, spec in page:
                gone = ended is not None and ended <= up_to and ended != until
                if gone:
                    yield Version(Seq(ended), self._commit_at(ended), None)
                yield Version(Seq(since), CommitId(commit), json_object(spec))
                until = since
            if len(page) < size:
                return
            before, size = page[-1][0], _PAGE

    def present(self, within: str, *, after: str = "", limit: int) -> list[Present]:
        """Return resources that exist at the head and are directly in ``within``, by their key."""
        found: list[Present] = []
        # Keys sort by text: all that begin with "a/" are between "a/" and "a0".
        start, end = f"{within}/", f"{within}0"
        last = max(after, start)
        while len(found) < limit:
            with self._lock, self._explained():
                row = self._db.execute(
                    "SELECT key, since, spec FROM resource_versions "
                    "WHERE until IS NULL AND key > ? AND key < ? ORDER BY key LIMIT 1",
                    (last, end),
                ).fetchone()
            if row is None:
                break
            key, since, spec = row
            name, inside, _ = key.removeprefix(start).partition("/")
            if not inside:
                found.append(Present(ResourceKey.parse(key), Seq(since), json_object(spec)))
            last = f"{start}{name}/~" if inside else key  # beyond all that is inside of it
        return found

    def _commit_at(self, seq: int) -> CommitId:
        return CommitId(str(self._one('SELECT "commit" FROM mesh_events WHERE seq = ?', seq)))

    def is_projected(self, chain: Chain) -> bool:
        """Return whether the projections of a chain are of the current version."""
        head = self.head(chain).seq
        return (
            not head
            or self._one("SELECT projector FROM positions WHERE chain = ?", chain) == PROJECTOR
        )

    def settings(self, at: Seq) -> JsonObject:
        """Return the traffic settings after the event at ``at``."""
        with self._lock, self._explained():
            return self._settings(at)

    def ask(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """Return the rows of a query; only for modules of this package, which know the tables."""
        with self._lock, self._explained():
            return self._db.execute(sql, arguments).fetchall()

    def _one(self, sql: str, *arguments: object) -> object:
        found = self.ask(sql, *arguments)
        return found[0][0] if found else None


def _condition(query: Query) -> tuple[str, list[object]]:
    """Return an SQL condition on a chain's table, and its parameters."""
    parts = list(_parts(query))
    sql = " AND ".join(sql for sql, _ in parts)
    return sql, [value for _, values in parts for value in values]


def _parts(query: Query) -> Iterator[tuple[str, list[object]]]:
    # 0 is no bound, as no position is negative.
    yield "seq > ? AND (seq < ? OR ? = 0)", [query.after, query.before, query.before]
    if query.kinds:
        yield f"kind IN ({', '.join('?' * len(query.kinds))})", [*query.kinds]
    if query.within is not None:
        name = str(query.within)
        # Not LIKE: a name may contain its wildcards.
        yield "(subject = ? OR substr(subject, 1, ?) = ?)", [name, len(name) + 1, f"{name}/"]
    if query.node:
        offered = "EXISTS (SELECT 1 FROM json_each(data, '$.nodes') WHERE value = ?)"
        yield f"(subject = ? OR {offered})", [query.node, query.node]
    if query.author:
        yield "instr(lower(actor), lower(?)) > 0", [query.author]
    if query.commit:
        yield '"commit" = ?', [query.commit]
    if query.since is not None:
        yield "at >= ?", [time_text(query.since)]
    if query.until is not None:
        yield "at <= ?", [time_text(query.until)]
