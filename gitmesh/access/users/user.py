"""Users of the console and how they sign in, as the user file holds them. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gitmesh.access.credential import BUILT_IN, CallerEntry, Role, RoleName
from gitmesh.access.permission import Permission

_Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@+-]{1,128}$")]
_Url = Annotated[str, Field(pattern=r"^https?://[^\s]{1,500}$")]


class User(CallerEntry):
    """A person with a password."""

    login: _Login
    """Name to type when signing in."""
    password_hash: Annotated[str, Field(pattern=r"^\$argon2id\$[^\s]{20,300}$", repr=False)]

    @property
    def fingerprint(self) -> str:
        """Return a text that changes with the password: a session under another one has ended."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


class Provider(BaseModel):
    """An OpenID Connect provider that signs people in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: _Url
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_secret: Annotated[str, Field(max_length=400, repr=False)] = ""
    label: Annotated[str, Field(min_length=1, max_length=60)] = "OpenID Connect"
    """Text of the button for signing in."""
    scope: Annotated[str, Field(pattern=r"^[\x21-\x7e ]{1,200}$")] = "openid profile email"
    groups_claim: Annotated[str, Field(min_length=1, max_length=100)] = "groups"
    groups: Mapping[str, RoleName] = {}
    """The role of the members of each group. Who is in none of them may not come in."""


class UserSet(BaseModel):
    """The content of a user file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: tuple[Role, ...] = ()
    user: tuple[User, ...] = ()
    oidc: Provider | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> "UserSet":
        logins = [each.login for each in self.user]
        if len(set(logins)) < len(logins):
            raise ValueError("a login twice")
        names = [role.name for role in self.role]
        if len(set(names)) < len(names):
            raise ValueError("a role twice")
        used = {each.role for each in self.user}
        used |= set(self.oidc.groups.values()) if self.oidc else set()
        if missing := sorted(used - {*names, *BUILT_IN}):
            raise ValueError(f"the role {missing[0]!r} is not defined")
        return self

    def permission(self, user: User) -> Permission:
        """Return the permissions of a user's role, limited to their meshes."""
        return self._roles[user.role].limited_to(user.meshes)

    def permission_of_groups(self, groups: Iterable[str]) -> Permission | None:
        """Return the permissions of all roles of these groups; ``None`` without any."""
        mapped = {} if self.oidc is None else self.oidc.groups
        names = sorted({mapped[group] for group in groups if group in mapped})
        if not names:
            return None
        found = [self._roles[name] for name in names]
        return Permission(
            tuple(pattern for each in found for pattern in each.read),
            tuple(pattern for each in found for pattern in each.write),
        )

    @property
    def _roles(self) -> dict[str, Permission]:
        return {**{role.name: role.permission for role in self.role}, **BUILT_IN}
