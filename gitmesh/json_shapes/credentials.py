"""Shapes of credentials, and of the console's users. Only an answer that makes one has a secret."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmesh.access.credential import Credential
    from gitmesh.access.secret import NewSecret
    from gitmesh.access.users.user import User


class NewCredentialShape(TypedDict):
    """Answer of ``credential add`` and ``credential rotate``."""

    file: str
    id: str
    secret: str
    replaces: str | None
    until: str | None
    """Time at which the replaced credential expires, or ``None``."""


class CredentialShape(TypedDict):
    """A credential without its secret."""

    id: str
    kind: str
    name: str
    email: str
    role: str
    meshes: list[str]
    expires: str | None


class CredentialsShape(TypedDict):
    """Answer of ``credential list`` and ``credential revoke``."""

    file: str
    credentials: list[CredentialShape]


def new_credential_shape(
    file: Path, made: "NewSecret", replaces: str | None = None, until: datetime | None = None
) -> NewCredentialShape:
    """Return a credential that was just made, with its secret."""
    return {
        "file": str(file),
        "id": made.id,
        "secret": made.secret,
        "replaces": replaces,
        "until": None if until is None else until.isoformat(),
    }


def credentials_shape(file: Path, credentials: "list[Credential]") -> CredentialsShape:
    """Return credentials without their secrets."""
    return {"file": str(file), "credentials": [_credential(each) for each in credentials]}


def _credential(credential: "Credential") -> CredentialShape:
    return {
        "id": credential.id,
        "kind": credential.kind,
        "name": credential.name,
        "email": credential.email,
        "role": credential.role,
        "meshes": list(credential.meshes),
        "expires": None if credential.expires is None else credential.expires.isoformat(),
    }


class UserShape(TypedDict):
    """A user of the console."""

    login: str
    name: str
    email: str
    role: str
    meshes: list[str]
    expires: str | None


class UsersShape(TypedDict):
    """Answer of ``user add``, ``user list`` and ``user remove``."""

    file: str
    users: list[UserShape]


def users_shape(file: Path, users: "Iterable[User]") -> UsersShape:
    """Return users without their passwords."""
    return {"file": str(file), "users": [_user(each) for each in users]}


def _user(user: "User") -> UserShape:
    return {
        "login": user.login,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "meshes": list(user.meshes),
        "expires": None if user.expires is None else user.expires.isoformat(),
    }
