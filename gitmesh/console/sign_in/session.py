"""A session, and whose it is. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as far as it cannot be looked up again."""

    subject: str
    """``local``, ``user:ada``, or ``oidc:`` and the provider's own id."""
    fingerprint: str = ""
    """Of the password: a session under another one has ended."""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    """What a provider said; empty for local users, whose file says it."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of a person who has signed in."""

    identity: Identity
    began_at: float
    used_at: float
    """Seconds since the epoch."""
