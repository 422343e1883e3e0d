"""The traffic file: an SQLite database beside the event log.

It holds only what proxies reported. A server without it serves the same configuration.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from gitmesh.traffic.reading import Interval, Reporter, Traffic
from gitmesh.traffic.series import Series
from gitmesh.traffic.sums import WIDTHS, SlotKey, Sums
from mesh.errors import Retryable
from xds.reports.counts import BUCKETS, Counts

VERSION: Final = 1
RECENT_S: Final = 3_600
"""Time for which short slots are kept; older traffic is there by minute."""
REPORTERS_S: Final = 86_400
"""Time for which it is known which proxies reported."""

_SHORT, _MINUTE = WIDTHS
_NUMBERS: Final = Counts._fields[:-1]
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, caller TEXT NOT NULL, target TEXT NOT NULL, protocol TEXT NOT NULL,
    port INTEGER NOT NULL, commit_id TEXT NOT NULL,
    UNIQUE (caller, target, protocol, port, commit_id)
) STRICT;
CREATE TABLE IF NOT EXISTS slots (
    width_s INTEGER NOT NULL, start_s INTEGER NOT NULL, series INTEGER NOT NULL,
    {", ".join(f"{name} INTEGER NOT NULL" for name in _NUMBERS)}, latency TEXT NOT NULL,
    PRIMARY KEY (width_s, start_s, series)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    width_s INTEGER NOT NULL, start_s INTEGER NOT NULL, PRIMARY KEY (width_s, start_s)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reporters (
    node TEXT NOT NULL, proxy TEXT NOT NULL, source TEXT NOT NULL,
    first_s REAL NOT NULL, last_s REAL NOT NULL, PRIMARY KEY (node, proxy, source)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_SUMS: Final = f"SELECT caller, target, protocol, port, commit_id, start_s, {', '.join(_NUMBERS)}"


def traffic_path(log: Path) -> Path:
    """Return the path of the file that belongs to an event log: beside it."""
    return log.with_suffix(".traffic.sqlite3")


class TrafficFile:
    """The file, opened for writing (by the server alone) or for reading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open the file for writing; make it if it is missing or of another version.

        :raises Retryable: it cannot be written now.
        """
        with _explained(path):
            connection = sqlite3.connect(path, timeout=5, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                connection.close()
                path.unlink()
                return cls.create(path)
            connection.executescript(_SCHEMA)
            return cls(connection)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file for reading.

        :raises Retryable: it does not exist or cannot be read now.
        """
        with _explained(path):
            uri = f"{path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=5, check_same_thread=False)
            connection.execute("SELECT 1 FROM kept LIMIT 1")
            return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # ---- writing ---------------------------------------------------------------------------------

    def write(self, sums: Sums, now_s: int) -> None:
        """Add sums in one transaction, and note that reports are kept at this time.

        :raises Retryable: the file cannot be written now; nothing was added.
        """
        with _explained(), self._connection as transaction:
            for key, counts in sums.slots.items():
                self._add(transaction, key, counts)
            transaction.executemany(
                "INSERT INTO reporters VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "last_s = max(last_s, excluded.last_s)",
                sums.reporters.values(),
            )
            transaction.executemany(
                "INSERT OR IGNORE INTO kept VALUES (?, ?)",
                [(width_s, now_s - now_s % width_s) for width_s in WIDTHS],
            )

    def _add(self, transaction: sqlite3.Connection, key: SlotKey, counts: Counts) -> None:
        number = _series_number(transaction, key.series)
        place = (key.width_s, key.start_s, number)
        found = transaction.execute(
            f"SELECT {', '.join(_NUMBERS)}, latency FROM slots "  # noqa: S608 -- our own names
            "WHERE width_s = ? AND start_s = ? AND series = ?",
            place,
        ).fetchone()
        if found is not None:
            counts = counts.plus(_counts(found))
        *numbers, latency = counts
        row = (*place, *numbers, json.dumps(latency, separators=(",", ":")))
        marks = ", ".join("?" * len(row))
        transaction.execute(f"INSERT OR REPLACE INTO slots VALUES ({marks})", row)  # noqa: S608

    def forget(self, now_s: int, retention_s: int) -> None:
        """Remove what is older than the retention.

        :raises Retryable: the file cannot be written now.
        """
        bounds = {_SHORT: min(RECENT_S, retention_s), _MINUTE: retention_s}
        with _explained(), self._connection as transaction:
            for table in ("slots", "kept"):
                for width_s, kept_s in bounds.items():
                    transaction.execute(
                        f"DELETE FROM {table} WHERE width_s = ? AND start_s < ?",  # noqa: S608
                        (width_s, now_s - kept_s),
                    )
            oldest = now_s - min(REPORTERS_S, retention_s)
            transaction.execute("DELETE FROM reporters WHERE last_s < ?", (oldest,))
            transaction.execute(
                "DELETE FROM series WHERE id NOT IN (SELECT DISTINCT series FROM slots)"
            )

    # ---- reading ---------------------------------------------------------------------------------

    def read(self, from_s: float, to_s: float) -> Traffic:
        """Return the traffic of a time: :class:`gitmesh.traffic.reading.TrafficReader`."""
        with _explained():
            width_s = self._width(from_s)
            covered = _whole(from_s, to_s, width_s)
            sums: dict[Series, Counts] = {}
            for _, series, counts in self._rows(width_s, covered):
                known = sums.get(series)
                sums[series] = counts if known is None else known.plus(counts)
            return self._traffic(width_s, covered, sums)

    def slots(self, from_s: float, to_s: float) -> Iterator[tuple[Interval, Traffic]]:
        """Yield the traffic of each slot: :class:`gitmesh.traffic.reading.TrafficReader`."""
        with _explained():
            width_s = self._width(from_s)
            covered = _whole(from_s, to_s, width_s)
            by_slot: dict[int, dict[Series, Counts]] = {}
            for start_s, series, counts in self._rows(width_s, covered):
                by_slot.setdefault(start_s, {})[series] = counts
            for start_s, sums in sorted(by_slot.items()):
                slot = Interval(start_s, start_s + width_s)
                yield slot, Traffic(slot, width_s, tuple(sorted(sums.items())), (), ())

    def first_of(self, commit: str) -> float | None:
        """Return the begin of the slot with the first report of a proxy with a commit: a short
        slot while it is kept, then a minute. ``None`` if there is no report.

        :raises Retryable: the file cannot be read now.
        """
        with _explained():
            minute = self._first(commit, _MINUTE, 0.0, float("inf"))
            if minute is None:
                return None
            short = self._first(commit, _SHORT, minute, minute + _MINUTE)
            return minute if short is None else short

    def _first(self, commit: str, width_s: int, from_s: float, to_s: float) -> float | None:
        (found,) = self._connection.execute(
            "SELECT min(start_s) FROM slots JOIN series ON id = series "
            "WHERE width_s = ? AND commit_id = ? AND start_s >= ? AND start_s < ?",
            (width_s, commit, from_s, to_s),
        ).fetchone()
        return None if found is None else float(found)

    def _width(self, from_s: float) -> int:
        """Return the length of the slots that are kept for a time: short ones, if they still
        are."""
        row = self._connection.execute(
            "SELECT max(start_s) FROM kept WHERE width_s = ?", (_SHORT,)
        ).fetchone()
        newest = row[0]
        return _SHORT if newest is not None and from_s >= newest - RECENT_S + _MINUTE else _MINUTE

    def _rows(self, width_s: int, covered: Interval) -> Iterator[tuple[int, Series, Counts]]:
        found = self._connection.execute(
            f"{_SUMS}, latency FROM slots JOIN series ON id = series "
            "WHERE width_s = ? AND start_s >= ? AND start_s < ?",
            (width_s, *covered),
        )
        for caller, target, protocol, port, commit, start_s, *numbers in found:
            yield start_s, Series(caller, target, protocol, port, commit), _counts(numbers)

    def _traffic(self, width_s: int, covered: Interval, sums: dict[Series, Counts]) -> Traffic:
        reporters = self._connection.execute(
            "SELECT * FROM reporters WHERE last_s >= ? AND first_s < ? ORDER BY node, proxy",
            covered,
        )
        kept = self._connection.execute(
            "SELECT start_s FROM kept WHERE width_s = ? AND start_s >= ? AND start_s < ? "
            "ORDER BY start_s",
            (width_s, *covered),
        )
        gaps = _gaps([start_s for (start_s,) in kept], width_s, covered)
        return Traffic(
            covered,
            width_s,
            tuple(sorted(sums.items())),
            tuple(map(Reporter._make, reporters)),
            gaps,
        )


def _whole(from_s: float, to_s: float, width_s: int) -> Interval:
    """Return the time in whole slots."""
    return Interval(int(from_s // width_s * width_s), int(-(-to_s // width_s) * width_s))


def _gaps(kept: Sequence[int], width_s: int, covered: Interval) -> tuple[Interval, ...]:
    found, at = [], covered.from_s
    for start_s in kept:
        if start_s > at:
            found.append(Interval(at, start_s))
        at = start_s + width_s
    if at < covered.to_s:
        found.append(Interval(at, covered.to_s))
    return tuple(found)


def _series_number(transaction: sqlite3.Connection, series: Series) -> int:
    transaction.execute(
        "INSERT OR IGNORE INTO series (caller, target, protocol, port, commit_id) "
        "VALUES (?, ?, ?, ?, ?)",
        series,
    )
    (number,) = transaction.execute(
        "SELECT id FROM series WHERE caller = ? AND target = ? AND protocol = ? AND port = ? "
        "AND commit_id = ?",
        series,
    ).fetchone()
    return int(number)


def _counts(row: Iterable[Any]) -> Counts:
    *numbers, latency = row
    buckets = tuple(json.loads(latency))
    return Counts._make((*numbers, buckets if len(buckets) == BUCKETS else ()))


@contextmanager
def _explained(path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        where = "the file of traffic" if path is None else str(path)
        raise Retryable(f"{where} cannot be used: {error}") from None


def opened_for_reading(log: Path) -> "closing[TrafficFile]":
    """Open the file that belongs to an event log; closes it with the block.

    :raises Retryable: it does not exist or cannot be read now.
    """
    return closing(TrafficFile.open(traffic_path(log)))
