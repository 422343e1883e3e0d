"""The caller of a request, identified by its signature or by its token."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gitmesh.access.caller import Caller, Signed
from gitmesh.access.credential import Credential
from gitmesh.access.credential_file import CredentialFile
from gitmesh.access.permission import WRITE_ALL, Permission
from gitmesh.access.recent_signatures import digest_of_signature
from gitmesh.access.secret import is_same_token, token_id
from gitmesh.api.errors import ApiError
from gitmesh.api.signature import (
    NotAuthenticated,
    SignedRequest,
    authenticate,
    claimed_signature,
)
from reconciler.git.writing import Person

_ANONYMOUS: Final = Person("anonymous", "anonymous@localhost")
_LOCAL: Final = re.compile(r"127(\.[0-9]{1,3}){3}|localhost|\[::1\]")
_CLAIMED: Final = re.compile(r"Credential=([A-Za-z0-9_-]{4,128})(?:/|%2[Ff])")
_INVOCATION: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class Callers:
    """Authentication: returns the caller of a request."""

    def __init__(
        self, credentials: CredentialFile | None, *, anonymous: bool, private: bool = True
    ) -> None:
        """Use these credentials.

        :param anonymous: allow requests without a credential to read and write everything; only for
            loopback.
        :param private: nobody can intercept requests, because of TLS or loopback. Otherwise tokens
            are refused; signatures are still accepted, because they contain no secret.
        """
        self._credentials = credentials
        self._anonymous = anonymous
        self._private = private

    def caller(self, request: SignedRequest, now: datetime) -> Caller:
        """Return the caller of a request.

        :raises ApiError: the request has no credential, or the signature or the token is wrong.
        """
        headers = dict(request.headers)
        found = self._credentials
        if found is None:
            if not self._anonymous:
                raise ApiError("AccessDeniedException", 403, "this server has no credentials")
            _require_local(headers)
            return _caller(_ANONYMOUS, WRITE_ALL, "anonymous", headers)
        bearer = _bearer(request.headers)
        credential: Credential | None
        if bearer is None:
            credential = _signer(found, request, now)
        elif self._private:
            credential = _token_owner(found, bearer, now)
        else:
            raise ApiError("AccessDeniedException", 403, "tokens are accepted only over TLS")
        permission = None if credential is None else found.permission(credential.id)
        if credential is None or permission is None:
            raise ApiError(
                "UnrecognizedClientException",
                403,
                "The security token included in the request is invalid.",
            )
        email = credential.email or f"{credential.id}@localhost"  # git has no author without one
        caller = _caller(Person(credential.name, email), permission, credential.id, headers)
        if bearer is not None or not request.writes:
            return caller
        return replace(caller, signed=Signed(digest_of_signature(claimed_signature(request)), now))


def claimed_identity(request: SignedRequest) -> str:
    """Return the id of the credential that a request names, without checking it; for log lines
    only."""
    bearer = _bearer(request.headers)
    text = dict(request.headers).get("authorization", "") + "&" + request.raw_query
    named = _CLAIMED.search(text)
    claimed = token_id(bearer) if bearer is not None else named and named[1]
    return claimed or "-"


def _bearer(headers: Sequence[tuple[str, str]]) -> str | None:
    """Return the token of a request; ``None`` if it has a signature instead, or no credential."""
    given = [value for name, value in headers if name == "authorization"]
    if len(given) != 1:
        return None
    scheme, _, token = given[0].strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _token_owner(file: CredentialFile, text: str, now: datetime) -> Credential | None:
    found = file.token(token_id(text) or "", now)
    # The hash is compared in any case: an unknown id costs as much time as a known one.
    known = found.token_sha256 if found is not None else "0" * 64
    return found if is_same_token(text, known) else None


def _signer(file: CredentialFile, request: SignedRequest, now: datetime) -> Credential | None:
    try:
        key_id = authenticate(request, lambda key: _secret(file, key, now), now)
    except NotAuthenticated as error:
        raise ApiError(error.code, error.status, error.message) from None
    return file.access_key(key_id, now)


def _require_local(headers: Mapping[str, str]) -> None:
    """Refuse requests that a page of another site made a browser send (CSRF, DNS rebinding).

    The browser's headers name that site; with DNS rebinding, the attacker's host name is in the
    Host header.

    :raises ApiError: the request may come from such a page.
    """
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    if not _LOCAL.fullmatch(host) or "origin" in headers:
        raise ApiError(
            "AccessDeniedException",
            403,
            "calls without credentials are accepted only from this machine",
        )


def _secret(file: CredentialFile, key_id: str, now: datetime) -> str | None:
    found = file.access_key(key_id, now)
    return None if found is None else found.secret_access_key


def _caller(
    person: Person, permission: Permission, identity: str, headers: Mapping[str, str]
) -> Caller:
    invocation = headers.get("amz-sdk-invocation-id", "")
    known = invocation if _INVOCATION.fullmatch(invocation) else None
    return Caller(person, permission, str(uuid.uuid4()), identity, known)
