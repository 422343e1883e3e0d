"""People who may sign in to the console, and the permissions that each of them has."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gitmesh.access.caller import Caller
from gitmesh.access.permission import WRITE_ALL, Permission
from gitmesh.access.users.user import Provider, User
from gitmesh.access.users.user_file import UserFile
from gitmesh.console.sign_in.session import Identity
from reconciler.git.writing import Person

LOCAL: Final = Identity("local")
"""Whoever uses this machine, where no users are configured."""


@dataclass(frozen=True, slots=True)
class People:
    """Whoever may come in: the users of a file, or everybody on this machine."""

    users: UserFile | None = None
    local: Person | None = None
    """Author of the commits of whoever comes in without a password; only without a user file."""

    @property
    def provider(self) -> Provider | None:
        """The OpenID Connect provider, if one is configured."""
        return None if self.users is None else self.users.current().oidc

    @property
    def has_passwords(self) -> bool:
        """True if there are users with passwords."""
        return self.users is not None and bool(self.users.current().user)

    def checked(self, login: str, password: str, now: datetime) -> Identity | None:
        """Return whose login and password these are; ``None`` if they are nobody's. Takes long."""
        from gitmesh.access.users.password import is_password

        found = self._user(login)
        known = None if found is None or not found.is_valid_at(now) else found.password_hash
        if not is_password(password, known) or found is None:
            return None
        return Identity(f"user:{found.login}", found.fingerprint)

    def permits(self, groups: tuple[str, ...]) -> bool:
        """Tell whether a member of these groups may come in."""
        return self.users is not None and (
            self.users.current().permission_of_groups(groups) is not None
        )

    def caller(self, identity: Identity, now: datetime) -> Caller | None:
        """Return the caller that somebody is now; ``None`` if they may not come in any more."""
        found = self._found(identity, now)
        if found is None:
            return None
        person, permission = found
        return Caller(person, permission, str(uuid.uuid4()), identity.subject)

    def _found(self, identity: Identity, now: datetime) -> tuple[Person, Permission] | None:
        kind, _, name = identity.subject.partition(":")
        match kind:
            case "local" if self.local is not None:
                return self.local, WRITE_ALL
            case "user":
                user = self._user(name)
                if user is None or not user.is_valid_at(now):
                    return None
                if user.fingerprint != identity.fingerprint or self.users is None:
                    return None
                return Person(user.name, user.email), self.users.current().permission(user)
            case "oidc" if self.users is not None:
                permission = self.users.current().permission_of_groups(identity.groups)
                if permission is not None:
                    return Person(identity.name, identity.email), permission
        return None

    def _user(self, login: str) -> User | None:
        users = () if self.users is None else self.users.current().user
        return next((each for each in users if each.login == login), None)
