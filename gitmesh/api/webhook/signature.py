"""Signatures of webhooks, in the forms of the forges. Pure.

GitHub: ``X-Hub-Signature-256: sha256=HEX``; Bitbucket: ``X-Hub-Signature: sha256=HEX``; Gitea and
Forgejo: ``X-Gitea-Signature: HEX``; each the HMAC-SHA256 of the body. GitLab sends the secret
itself as ``X-Gitlab-Token``. SHA-1, which GitHub sends beside it, is not accepted.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

_OF_BODY: Final = (
    ("x-hub-signature-256", "sha256="),
    ("x-hub-signature", "sha256="),
    ("x-gitea-signature", ""),
    ("x-gogs-signature", ""),
)
_TOKEN: Final = "x-gitlab-token"  # noqa: S105 - the name of a header


def is_signed(headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Return whether a webhook was sent by somebody who knows the secret.

    All signatures that are there must fit, so that a wrong one is never ignored.

    :param headers: the headers, with names in lower case.
    :param secret: not empty.
    """
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    found = [
        _same(value.removeprefix(prefix).strip().lower(), expected)
        for name, prefix in _OF_BODY
        if (value := headers.get(name)) is not None and value.startswith(prefix)
    ]
    if (token := headers.get(_TOKEN)) is not None:
        found.append(hmac.compare_digest(token.encode("latin-1", "replace"), secret))
    return bool(found) and all(found)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode())
