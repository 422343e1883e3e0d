"""Secrets of credentials: creation, text form and comparison. Of tokens, only hashes are stored.

A token has the form ``gitmesh_ID_SECRET``, so that scanners for leaked secrets can find it. Its
secret has 256 random bits, which nobody can guess, so a fast hash is enough.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"gitmesh_([A-Za-z0-9-]{4,128})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made. It is shown only once."""

    id: str
    """Public id of the credential."""
    secret: str
    """Secret that the caller keeps: a secret access key, or a whole token."""


def new_access_key() -> NewSecret:
    """Return the id and the secret of a new access key."""
    identity = base64.b32encode(secrets.token_bytes(10)).decode()
    return NewSecret(f"AKID{identity}", secrets.token_urlsafe(30))


def new_token() -> NewSecret:
    """Return the id and the text of a new token."""
    identity = f"tok{secrets.token_hex(6)}"
    return NewSecret(identity, f"gitmesh_{identity}_{secrets.token_hex(32)}")


def token_id(token: str) -> str | None:
    """Return the public id in a token; ``None`` if the text is not a token."""
    matched = _TOKEN.fullmatch(token)
    return None if matched is None else matched[1]


def token_hash(token: str) -> str:
    """Return the hash of a token, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_same_token(token: str, known_hash: str) -> bool:
    """Return whether a token has this hash; the comparison takes constant time."""
    return hmac.compare_digest(token_hash(token), known_hash)
