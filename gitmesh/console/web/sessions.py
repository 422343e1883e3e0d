"""Sessions of people who have signed in: opaque ids, of which only hashes are kept."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

IDLE_S: Final = 12 * 3600.0
"""A session ends this long after its last request."""
LASTS_S: Final = 7 * 24 * 3600.0
"""A session ends this long after its person signed in."""
MOST_SESSIONS: Final = 10_000
MOST_OF_PERSON: Final = 20
"""Sessions beyond these bounds end those that were used the longest time ago."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of a person who has signed in."""

    subject: str
    """The person: ``local``, ``user:ada``, ``oidc:4711``."""
    began_at: float
    used_at: float


class Sessions:
    """The sessions of a server. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._by_hash: dict[str, Session] = {}

    def begin(self, subject: str) -> str:
        """Return the id of a new session, which only the browser keeps."""
        now, made = self._clock(), secrets.token_urlsafe(32)
        with self._turn:
            self._by_hash[_hash(made)] = Session(subject, now, now)
            self._bound(subject)
        return made

    def find(self, session_id: str) -> Session | None:
        """Return a session that has not ended, and count this as its use."""
        now, key = self._clock(), _hash(session_id)
        with self._turn:
            found = self._by_hash.get(key)
            if found is None:
                return None
            if now - found.used_at > IDLE_S or now - found.began_at > LASTS_S:
                del self._by_hash[key]
                return None
            self._by_hash[key] = replace(found, used_at=now)
            return found

    def end(self, session_id: str) -> None:
        """End a session, if there is one."""
        with self._turn:
            self._by_hash.pop(_hash(session_id), None)

    def _bound(self, subject: str) -> None:
        own = [key for key, each in self._by_hash.items() if each.subject == subject]
        for keys, most in ((own, MOST_OF_PERSON), (list(self._by_hash), MOST_SESSIONS)):
            oldest = sorted(keys, key=lambda key: self._by_hash[key].used_at)
            for key in oldest[: max(0, len(keys) - most)]:
                del self._by_hash[key]


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
