"""The caller of a request, identified by its signature."""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gitmesh.access.caller import Caller
from gitmesh.access.credential_file import CredentialFile
from gitmesh.access.permission import WRITE_ALL, Permission
from gitmesh.api.errors import ApiError
from gitmesh.api.signature import NotAuthenticated, SignedRequest, authenticate
from reconciler.git.writing import Person

_ANONYMOUS: Final = Person("anonymous", "anonymous@localhost")
_LOCAL: Final = re.compile(r"127(\.[0-9]{1,3}){3}|localhost|\[::1\]")
_INVOCATION: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class Callers:
    """Tells who sent a request."""

    def __init__(self, credentials: CredentialFile | None, *, anonymous: bool) -> None:
        """Use these credentials.

        :param anonymous: whoever does not sign may read and write: only for loopback.
        """
        self._credentials = credentials
        self._anonymous = anonymous

    def caller(self, request: SignedRequest, now: datetime) -> Caller:
        """Return who sent a request.

        :raises ApiError: it is not signed, or the signature is wrong.
        """
        headers = dict(request.headers)
        if self._anonymous and self._credentials is None:
            _require_local(headers)
            return _caller(_ANONYMOUS, WRITE_ALL, "anonymous", headers)
        found = self._credentials
        try:
            key_id = authenticate(request, lambda key: _secret(found, key, now), now)
        except NotAuthenticated as error:
            raise ApiError(error.code, error.status, error.message) from None
        credential = None if found is None else found.access_key(key_id, now)
        permission = None if found is None else found.permission(key_id)
        if credential is None or permission is None:  # revoked this very moment
            raise ApiError("UnrecognizedClientException", 403, "The security token is invalid.")
        email = credential.email or f"{credential.id}@localhost"  # git has no author without one
        return _caller(Person(credential.name, email), permission, key_id, headers)


def _require_local(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another site made a browser send, which the browser says itself.

    A name that an attacker lets point to 127.0.0.1 is in the Host header.

    :raises ApiError: the request may come from such a page.
    """
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    if not _LOCAL.fullmatch(host) or "origin" in headers:
        raise ApiError(
            "AccessDeniedException", 403, "calls without credentials come from this machine alone"
        )


def _secret(credentials: CredentialFile | None, key_id: str, now: datetime) -> str | None:
    found = None if credentials is None else credentials.access_key(key_id, now)
    return None if found is None else found.secret_access_key


def _caller(
    person: Person, permission: Permission, identity: str, headers: Mapping[str, str]
) -> Caller:
    invocation = headers.get("amz-sdk-invocation-id", "")
    known = invocation if _INVOCATION.fullmatch(invocation) else None
    return Caller(person, permission, str(uuid.uuid4()), identity, known)
