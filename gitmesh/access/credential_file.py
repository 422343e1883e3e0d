"""The credential file of the API's callers.

The file is TOML: a table ``[[credential]]`` for each access key, ``[[token]]`` for each bearer
token and ``[[role]]`` for each role. Only its owner may read it, because a signature can only be
checked with the secret itself. The file is read again when it changes.
"""

import logging
import os
import stat
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gitmesh.access.credential import AccessKey, BearerToken, Credential, CredentialSet
from gitmesh.access.permission import Permission
from gitmesh.queries.log_location import is_repository
from mesh.errors import UsageError

_log = logging.getLogger(__name__)
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int, int]
    found: CredentialSet
    by_id: dict[str, Credential]
    permissions: dict[str, Permission]


class CredentialFile:
    """The current credentials in a file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        :raises UsageError: the file cannot be read, is invalid, can be read by other users, or is
            part of a repository.
        """
        self._path = path
        self._read = _load(path)
        self._told = ""

    def access_key(self, key_id: str, now: datetime) -> AccessKey | None:
        """Return the access key with this id; ``None`` if there is no such key, or it has
        expired."""
        found = self._current().by_id.get(key_id)
        return found if isinstance(found, AccessKey) and found.is_valid_at(now) else None

    def token(self, token_id: str, now: datetime) -> BearerToken | None:
        """Return the token with this id; ``None`` if there is no such token, or it has expired."""
        found = self._current().by_id.get(token_id)
        return found if isinstance(found, BearerToken) and found.is_valid_at(now) else None

    def permission(self, credential_id: str) -> Permission | None:
        """Return the permissions of a credential; ``None`` if there is no such credential."""
        return self._current().permissions.get(credential_id)

    def _current(self) -> _Read:
        """Return the current content of the file.

        If the file has become invalid, the credentials that were read last remain in use, and one
        log line says so.
        """
        read = self._read
        try:
            if _stamp(self._path.stat()) != read.stamp:
                self._read = read = _load(self._path)
                self._told = ""
                _log.info("credentials reloaded", extra={"credentials": len(read.by_id)})
        except (OSError, UsageError) as error:
            self._tell(error.line if isinstance(error, UsageError) else str(error))
        return read

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            words = "the credential file is unusable; the last valid one is used"
            _log.error(words, extra={"reason": why})


def read_credentials(path: Path) -> CredentialSet:
    """Return the content of a credential file.

    :raises UsageError: the file cannot be read, is invalid, can be read by other users, or is part
        of a repository.
    """
    return _load(path).found


def require_outside_of_repositories(path: Path) -> None:
    """Check that a file with secrets is not inside a repository.

    :raises UsageError: it is inside one.
    """
    for folder in path.resolve().parents:
        if is_repository(folder):
            raise UsageError(
                f"{path} is inside the repository {folder}",
                hint="keep credentials outside of repositories",
            )


def _load(path: Path) -> _Read:
    require_outside_of_repositories(path)
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="give the path of the credential file"
        ) from None
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise UsageError(f"{path} can be read by other users", hint=f"chmod 600 {path}")
    found = parse_credentials(path, text)
    permissions = {each.id: found.permission(each) for each in found.all}
    return _Read(_stamp(about), found, {each.id: each for each in found.all}, permissions)


def parse_credentials(path: Path, text: bytes) -> CredentialSet:
    """Parse the text of a credential file. Error messages never contain values from the file.

    :raises UsageError: the text is invalid.
    """
    try:
        if len(text) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        return CredentialSet.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{path}: {where}: {what}" if where else f"{path}: {what}", hint="see docs/api.md"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="see docs/api.md") from None


def _stamp(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ctime_ns, about.st_size, about.st_ino  # the mode changes ctime, too
