"""CSRF tokens: each is derived from a secret cookie, and looks different on each page. Pure.

The token is masked with random bytes, so that a compressed page does not reveal it by its length
(the BREACH attack).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

FIELD: Final = "csrf"
"""Name of the hidden field of forms."""
HEADER: Final = "x-csrf-token"
_BYTES: Final = 32


def new_token(secret: str) -> str:
    """Return a token for forms of the browser that holds this secret cookie."""
    mask = secrets.token_bytes(_BYTES)
    return base64.urlsafe_b64encode(mask + _xor(mask, _derived(secret))).decode()


def is_token(text: str, secret: str) -> bool:
    """Tell whether a token was made for this secret cookie."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, ValueError):
        return False
    if not secret or len(raw) != 2 * _BYTES:
        return False
    return hmac.compare_digest(_xor(raw[:_BYTES], raw[_BYTES:]), _derived(secret))


def _derived(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"gitmesh console csrf", hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
