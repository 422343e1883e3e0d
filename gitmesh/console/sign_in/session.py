"""A session, and whose it is. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of a signed-in user: the part that cannot be looked up again."""

    subject: str
    """``local``, ``user:ada``, or ``oidc:`` and the provider's own id."""
    fingerprint: str = ""
    """Of the password: a session under another one has ended."""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    """Name, email and groups come from the provider; empty for local users, whose file has them."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of a person who has signed in."""

    identity: Identity
    began_at: float
    used_at: float
    """Seconds since the epoch."""
