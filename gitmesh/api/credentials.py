"""Credentials of the API's callers, in a file of their own.

The file is TOML: a table ``[[credential]]`` for each key. Its owner alone may read it, because a
signature can only be checked with the secret itself. It is read again when it changes.
"""

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitmesh.queries.log_location import is_repository
from mesh.errors import UsageError

_MOST_BYTES: Final = 1024 * 1024
_Plain = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^<>\x00-\x1f\x7f]+$")]


class Credential(BaseModel):
    """One caller's key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,128}$")]
    secret_access_key: Annotated[str, Field(min_length=16, max_length=256, repr=False)]
    name: _Plain
    """The author of the commits that it makes."""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^<>\s\x00-\x1f\x7f]*$")] = ""
    role: Literal["read", "write"] = "read"
    meshes: tuple[str, ...] = ()
    """Names of the meshes that it may see and change; all if there is none."""

    def may_see(self, mesh: str) -> bool:
        """Tell whether it may know of a mesh."""
        return not self.meshes or mesh in self.meshes


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    credential: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int, int]
    by_id: dict[str, Credential]


class CredentialFile:
    """The credentials in a file, as they are now."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        :raises UsageError: it cannot be read, is invalid, can be read by others than its owner, or
            is part of a repository.
        """
        self._path = path
        self._read = _read(path)

    def get(self, key_id: str) -> Credential | None:
        """Return the credential with this id; ``None`` if there is none.

        A file that has become invalid changes nothing: the credentials read last hold on.
        """
        try:
            if _stamp(self._path.stat()) != self._read.stamp:
                self._read = _read(self._path)
        except (OSError, UsageError):
            pass
        return self._read.by_id.get(key_id)


def _read(path: Path) -> _Read:
    for folder in path.resolve().parents:
        if is_repository(folder):
            raise UsageError(
                f"{path} lies in the repository {folder}",
                hint="keep credentials outside of repositories",
            )
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name the file of credentials") from None
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise UsageError(f"{path} can be read by other users", hint=f"chmod 600 {path}")
    return _Read(_stamp(about), _parsed(path, text))


def _parsed(path: Path, text: bytes) -> dict[str, Credential]:
    try:
        if len(text) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        found = _File.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}", hint="see docs/api.md") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="see docs/api.md") from None
    by_id = {each.access_key_id: each for each in found.credential}
    if len(by_id) != len(found.credential):
        raise UsageError(f"{path} has a key twice", hint="remove one of the two")
    return by_id


def _stamp(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_mtime_ns, about.st_size, about.st_ino
