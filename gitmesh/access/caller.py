"""The caller of an operation, through any interface. Pure."""

from dataclasses import dataclass
from datetime import datetime

from gitmesh.access.permission import Permission
from reconciler.git.writing import Person


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature of a write, and when it was received."""

    digest: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of an operation, and their permissions."""

    person: Person
    """The author of the commits that the caller makes."""
    permission: Permission
    request_id: str
    identity: str
    """Id of the credential, for rate limits and logs; the client's address if there is no
    credential."""
    invocation_id: str | None = None
    """The client's own id of the call, which it repeats when it tries again."""
    signed: Signed | None = None
    """Signature of a write; ``None`` for a token."""

    @property
    def mailbox(self) -> str:
        """Return name and address as the log has them: ``Ada <ada@shop.example>``."""
        return f"{self.person.name} <{self.person.email}>"
