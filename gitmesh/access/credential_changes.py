"""Changes of a credential file: each replaces the file as a whole, or changes nothing."""

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gitmesh.access.credential import AccessKey, BearerToken, Credential, CredentialSet
from gitmesh.access.credential_edits import with_credential, with_expiry, without_credential
from gitmesh.access.credential_file import (
    parse_credentials,
    read_credentials,
    require_outside_of_repositories,
)
from gitmesh.access.file_replacement import alone, replace_file
from gitmesh.access.secret import NewSecret, new_access_key, new_token, token_hash
from mesh.errors import UsageError

_BY_HAND: Final = "edit the file by hand: its layout is not the usual one"


@dataclass(frozen=True, slots=True)
class NewCaller:
    """The caller for whom a credential is created, with the role and meshes that it allows."""

    name: str
    email: str = ""
    role: str = "read"
    meshes: tuple[str, ...] = ()
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A credential that replaces another."""

    made: NewSecret
    until: datetime | None
    """Time at which the replaced credential expires; ``None`` if it was removed at once."""


def add_credential(path: Path, person: NewCaller, *, token: bool = False) -> NewSecret:
    """Add an access key, or a token, to a file, which is created if it does not exist.

    :raises UsageError: the file is unusable, the role is not defined, or a name is invalid.
    """
    with alone(path):
        text, before = _content(path, may_be_new=True)
        made, credential = _made(person, token)
        _replace(path, with_credential(text, credential), _with(before, credential))
        return made


def revoke_credential(path: Path, credential_id: str) -> Credential:
    """Remove a credential from a file; return it.

    :raises UsageError: the file is unusable, or there is no such credential.
    """
    with alone(path):
        text, before = _content(path)
        found = _found(path, before, credential_id)
        _replace(path, without_credential(text, found), _without(before, found))
        return found


def rotate_credential(path: Path, credential_id: str, now: datetime, overlap: timedelta) -> Rotated:
    """Replace a credential by a new one for the same caller; the old one expires after the overlap.

    Without an overlap, the old credential is removed.

    :raises UsageError: the file is unusable, or there is no such credential.
    """
    with alone(path):
        text, before = _content(path)
        old = _found(path, before, credential_id)
        if not old.is_valid_at(now):
            raise UsageError(
                f"{credential_id} has expired", hint="create a new one: gitmesh credential add"
            )
        person = NewCaller(old.name, old.email, old.role, old.meshes, old.expires)
        made, new = _made(person, isinstance(old, BearerToken))
        after, until = _without(before, old), None
        if overlap > timedelta():
            at = (now + overlap).replace(microsecond=0)
            until = at if old.expires is None else min(at, old.expires)
            text = with_expiry(text, old, until)
            after = _with(after, old.model_copy(update={"expires": until}))
        else:
            text = without_credential(text, old)
        _replace(path, with_credential(text, new), _with(after, new))
        return Rotated(made, until)


def _made(person: NewCaller, token: bool) -> tuple[NewSecret, Credential]:
    made = new_token() if token else new_access_key()
    common: dict[str, object] = {
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "meshes": person.meshes,
        "expires": person.expires,
    }
    try:
        if token:
            digest = token_hash(made.secret)
            return made, BearerToken.model_validate(
                {"token_id": made.id, "token_sha256": digest, **common}
            )
        return made, AccessKey.model_validate(
            {"access_key_id": made.id, "secret_access_key": made.secret, **common}
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{where}: {first['msg']}", hint="see --help") from None


def _found(path: Path, credentials: CredentialSet, credential_id: str) -> Credential:
    for each in credentials.all:
        if each.id == credential_id:
            return each
    raise UsageError(
        f"{path} has no credential {credential_id!r}",
        hint=f"gitmesh credential list {shlex.quote(str(path))}",
    )


def _with(before: CredentialSet, added: Credential) -> CredentialSet:
    if isinstance(added, AccessKey):
        return before.model_copy(update={"credential": (*before.credential, added)})
    return before.model_copy(update={"token": (*before.token, added)})


def _without(before: CredentialSet, removed: Credential) -> CredentialSet:
    keys = tuple(each for each in before.credential if each != removed)
    tokens = tuple(each for each in before.token if each != removed)
    return before.model_copy(update={"credential": keys, "token": tokens})


def _content(path: Path, *, may_be_new: bool = False) -> tuple[str, CredentialSet]:
    if may_be_new and not path.exists():
        require_outside_of_repositories(path)
        return "", CredentialSet()
    return path.read_text("utf-8"), read_credentials(path)


def _replace(path: Path, text: str, expected: CredentialSet) -> None:
    """Replace a file atomically, after checking that its new text has the expected content.

    :raises UsageError: the new text would have other content.
    """
    found = parse_credentials(path, text.encode())
    if _sorted(found) != _sorted(expected):
        raise UsageError(f"{path} was not changed", hint=_BY_HAND)
    replace_file(path, text)


def _sorted(credentials: CredentialSet) -> tuple[object, ...]:
    return (
        credentials.role,
        sorted(credentials.credential, key=lambda each: each.id),
        sorted(credentials.token, key=lambda each: each.id),
    )
