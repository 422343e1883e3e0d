"""Credentials and roles, as the credential file holds them. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Final, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from gitmesh.access.permission import READ_ALL, WRITE_ALL, Pattern, Permission
from mesh.errors import UsageError

BUILT_IN: Final[Mapping[str, Permission]] = {"read": READ_ALL, "write": WRITE_ALL}
"""Roles that need no definition."""
PlainText = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^<>\x00-\x1f\x7f]+$")]
RoleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,128}$")]


class Role(BaseModel):
    """A named group of permissions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RoleName
    read: tuple[str, ...] = ()
    """Patterns of the resources that the role may read (:mod:`gitmesh.access.permission`)."""
    write: tuple[str, ...] = ()
    """Patterns of the resources that the role may write and read."""

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name in BUILT_IN:
            raise ValueError(f"the role {name!r} is built in")
        return name

    @field_validator("read", "write")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for text in patterns:
                Pattern.parse(text)
        except UsageError as error:
            raise ValueError(error.line) from None
        return patterns

    @property
    def permission(self) -> Permission:
        """Return the permissions of the role."""
        return Permission(
            tuple(Pattern.parse(text) for text in self.read),
            tuple(Pattern.parse(text) for text in self.write),
        )


class CallerEntry(BaseModel):
    """A caller, whatever proves who they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: PlainText
    """The author of the commits that they make."""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^<>\s\x00-\x1f\x7f]*$")] = ""
    role: RoleName = "read"
    meshes: tuple[str, ...] = ()
    """Names of the meshes to which the role is limited; all if there is none."""
    expires: AwareDatetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether the credential has not expired yet."""
        return self.expires is None or now < self.expires


class AccessKey(CallerEntry):
    """A key that signs requests, as AWS clients do."""

    kind: ClassVar = "access-key"
    access_key_id: _Id
    secret_access_key: Annotated[str, Field(min_length=16, max_length=256, repr=False)]

    @property
    def id(self) -> str:
        """Return the public id of the key."""
        return self.access_key_id


class BearerToken(CallerEntry):
    """A secret that a request carries. The file holds only its hash."""

    kind: ClassVar = "token"
    token_id: _Id
    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]

    @property
    def id(self) -> str:
        """Return the public id of the token."""
        return self.token_id


Credential: TypeAlias = AccessKey | BearerToken


class CredentialSet(BaseModel):
    """The content of a credential file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: tuple[Role, ...] = ()
    credential: tuple[AccessKey, ...] = ()
    token: tuple[BearerToken, ...] = ()

    @property
    def all(self) -> tuple[Credential, ...]:
        """Return access keys and tokens, each in the order of the file."""
        return (*self.credential, *self.token)

    @model_validator(mode="after")
    def _is_consistent(self) -> "CredentialSet":
        ids = [each.id for each in self.all]
        if len(set(ids)) < len(ids):
            raise ValueError("a key id occurs twice")
        names = [role.name for role in self.role]
        if len(set(names)) < len(names):
            raise ValueError("a role twice")
        if missing := sorted({each.role for each in self.all} - {*names, *BUILT_IN}):
            raise ValueError(f"the role {missing[0]!r} is not defined")
        return self

    def permission(self, credential: Credential) -> Permission:
        """Return the permissions of a credential's role, limited to its meshes."""
        own = {role.name: role.permission for role in self.role}
        return {**own, **BUILT_IN}[credential.role].limited_to(credential.meshes)
