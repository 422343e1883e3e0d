"""The version of SQLite, and its known problems."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from mesh.errors import Fatal

LEAST_SQLITE: Final = (3, 37, 0)
"""Minimum version: older versions lack STRICT tables."""

_SINCE: Final = (3, 7, 0)
_FIXED: Final = (3, 51, 3)
_BACKPORTS: Final[Mapping[tuple[int, ...], int]] = {(3, 44): 6, (3, 50): 7}
"""Patch releases of older versions that contain the fix for the WAL-reset bug."""

WAL_RESET: Final = (
    "can lose commits when two programs checkpoint one log at once; gitmesh alone checkpoints its "
    "log, so let no other program write to the file (https://www.sqlite.org/wal.html#walresetbug)"
)


def sqlite_version() -> str:
    """Return the version of the SQLite that Python uses."""
    return sqlite3.sqlite_version


def require_sqlite() -> None:
    """Check that this SQLite can read the log.

    :raises Fatal: this SQLite is too old.
    """
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        least = ".".join(map(str, LEAST_SQLITE[:2]))
        raise Fatal(
            f"SQLite {sqlite_version()} is too old for the event log, which needs {least}",
            hint="run gitmesh with a Python that has a newer SQLite; see: gitmesh version",
        )


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Return whether this SQLite has the WAL-reset bug of 3.7.0 to 3.51.2."""
    patch = _BACKPORTS.get(version[:2])
    return _SINCE <= version < _FIXED and not (patch is not None and version[2] >= patch)
