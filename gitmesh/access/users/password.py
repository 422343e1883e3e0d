"""Passwords: hashed with argon2id, checked in a time that tells nothing about who exists."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mesh.errors import UsageError

SHORTEST: Final = 12
LONGEST: Final = 1_000
"""Characters of a password: more is work for whoever checks it."""


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id: 64 MiB, 3 rounds (RFC 9106, low-memory profile)


def password_hash(password: str) -> str:
    """Return the hash of a new password.

    :raises UsageError: it is too short, or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"a password has {SHORTEST} to {LONGEST:,} characters",
            hint="several words are easier to keep than a few odd characters",
        )
    return _hasher().hash(password)


def is_password(password: str, known_hash: str | None) -> bool:
    """Tell whether a password has this hash; without a hash, take as long and answer no."""
    if len(password) > LONGEST:
        return False
    try:
        _hasher().verify(known_hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return known_hash is not None


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")
