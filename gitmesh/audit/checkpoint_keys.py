"""Key files for signing checkpoints: a secret one that only its owner can read, and a public one
beside it."""

import os
import shlex
import stat
from pathlib import Path

from events.integrity.checkpoint import verifiers
from events.integrity.note import SECRET_MARK, SignerKey, VerifierKey
from gitmesh.queries.log_location import is_repository
from gitmesh.settings import Settings
from mesh.errors import UsageError

_MOST_BYTES = 4096


def public_path(path: Path) -> Path:
    """Return the path of the public part of a key file."""
    return path.with_name(f"{path.name}.pub")


def make(path: Path, name: str) -> list[VerifierKey]:
    """Create a key; return its public part.

    :raises UsageError: a file exists already, the folder is part of a repository, or the name is
        invalid.
    """
    key = SignerKey.generate(name)
    for folder in path.resolve().parents:
        if is_repository(folder):
            raise UsageError(
                f"{path} would be inside the repository {folder}",
                hint="keep the key outside of repositories, where only the server can read it",
            )
    public = verifiers(key)
    _create(path, key.secret_text(), 0o600)
    try:
        _create(public_path(path), "".join(f"{each}\n" for each in public), 0o644)
    except BaseException:
        path.unlink()  # Half a pair would only stand in the way of the next one.
        raise
    return public


def _create(path: Path, text: str, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="choose another file") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        path.unlink()
        raise


def read_secret(path: Path) -> SignerKey:
    """Read a signing key.

    :raises UsageError: the file cannot be read, is not a key, or can be read by other users.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}",
            hint=f"make a key: gitmesh keygen {shlex.quote(str(path))} --name shop.example",
        ) from None
    text = _read(path)
    if not text.startswith(SECRET_MARK):
        raise UsageError(
            f"{path} is not a secret key",
            hint="give the file that gitmesh keygen created beside the .pub file",
        )
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(
            f"{path} can be read by other users", hint=f"chmod 600 {path}; or create a new key"
        )
    return SignerKey.parse(text)


def read_beside(path: Path) -> list[VerifierKey]:
    """Read the public keys beside a signing key: its own, and those of its predecessors.

    Returns an empty result if there is no public key file: signing does not need it.

    :raises UsageError: the file cannot be read, or is invalid.
    """
    public = public_path(path)
    return read_public(public) if public.exists() else []


def read_public(path: Path) -> list[VerifierKey]:
    """Read a public key file with one or more keys, one line per chain.

    :raises UsageError: the file cannot be read, or is invalid.
    """
    lines = [line for line in _read(path).splitlines() if line.strip()]
    if lines and lines[0].startswith(SECRET_MARK):
        raise UsageError(f"{path} is a secret key", hint=f"use its public key: {public_path(path)}")
    if not lines:
        raise UsageError(f"{path} contains no public key", hint="give the .pub file of a key")
    return [VerifierKey.parse(line) for line in lines]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read: {why}", hint="name a key file") from None


def public_keys(given: Path | None, settings: Settings) -> list[VerifierKey] | None:
    """Return the keys for checking checkpoints: the given ones, else those in the settings.

    :raises UsageError: the file cannot be read, or is invalid.
    """
    path = given or settings.public_key
    if path is None and settings.checkpoint_key is not None:
        path = public_path(settings.checkpoint_key)
    return None if path is None else read_public(path)
