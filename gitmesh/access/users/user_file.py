"""The file of the console's users, as it is now.

TOML: a table ``[[user]]`` for each person, ``[[role]]`` as in the credential file, and ``[oidc]``
for a provider. Only its owner may read it. It is read again when it changes.
"""

import logging
import os
import stat
import tomllib
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gitmesh.access.credential_file import require_outside_of_repositories
from gitmesh.access.users.user import UserSet
from mesh.errors import UsageError

_log = logging.getLogger(__name__)
_MOST_BYTES: Final = 1024 * 1024
_Stamp = tuple[int, int, int]


class UserFile:
    """The users in a file, as they are now. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        :raises UsageError: it cannot be read, is invalid, can be read by others than its owner, or
            is part of a repository.
        """
        self._path = path
        self._read = _load(path)
        self._told = ""

    def current(self) -> UserSet:
        """Return the content; a file that has become invalid changes nothing."""
        stamp, found = self._read
        try:
            if _stamp(self._path.stat()) != stamp:
                self._read = _load(self._path)
                self._told = ""
                _log.info("users read again", extra={"users": len(self._read[1].user)})
                return self._read[1]
        except (OSError, UsageError) as error:
            why = error.line if isinstance(error, UsageError) else str(error)
            if why != self._told:
                self._told = why
                words = "the user file is unusable; the last valid one is used"
                _log.error(words, extra={"reason": why})
        return found


def read_users(path: Path) -> UserSet:
    """Return the content of a user file.

    :raises UsageError: as :class:`UserFile`.
    """
    return _load(path)[1]


def parse_users(path: Path, text: bytes) -> UserSet:
    """Parse the text of a user file. Error messages never contain values from the file.

    :raises UsageError: it is invalid.
    """
    try:
        return UserSet.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{path}: {where}: {what}" if where else f"{path}: {what}", hint="see docs/console.md"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="see docs/console.md") from None


def _load(path: Path) -> tuple[_Stamp, UserSet]:
    require_outside_of_repositories(path)
    try:
        with path.open("rb") as file:
            about, text = os.fstat(file.fileno()), file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name the file of users") from None
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise UsageError(f"{path} can be read by other users", hint=f"chmod 600 {path}")
    if len(text) > _MOST_BYTES:
        raise UsageError(f"{path} has more than {_MOST_BYTES} bytes", hint="see docs/console.md")
    return _stamp(about), parse_users(path, text)


def _stamp(about: os.stat_result) -> _Stamp:
    return about.st_ctime_ns, about.st_size, about.st_ino
