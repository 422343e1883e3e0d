"""Which SQLite this is, and what that means for the log."""

import sqlite3
from collections.abc import Mapping
from typing import Final

_SINCE: Final = (3, 7, 0)
_FIXED: Final = (3, 51, 3)
_BACKPORTS: Final[Mapping[tuple[int, ...], int]] = {(3, 44): 6, (3, 50): 7}
"""Fixed in older lines, from these patch releases on."""

WAL_RESET: Final = (
    "can lose commits when two programs checkpoint one log at once; gitmesh alone checkpoints its "
    "log, so let no other program write to the file (https://www.sqlite.org/wal.html#walresetbug)"
)


def sqlite_version() -> str:
    """Return the version of the SQLite that Python uses."""
    return sqlite3.sqlite_version


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Tell whether this SQLite has the bug of 3.7.0 to 3.51.2."""
    patch = _BACKPORTS.get(version[:2])
    return _SINCE <= version < _FIXED and not (patch is not None and version[2] >= patch)
