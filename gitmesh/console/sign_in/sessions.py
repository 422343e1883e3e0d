"""Sessions of people who have signed in: opaque ids, of which only hashes are kept.

They are in a small file, too, so that nobody has to sign in again because the server restarts.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from gitmesh.console.sign_in.session import Identity, Session
from gitmesh.console.sign_in.session_file import read_sessions, write_sessions

IDLE_S: Final = 12 * 3600.0
"""A session ends this long after its last request."""
LASTS_S: Final = 7 * 24 * 3600.0
"""A session ends this long after its person signed in."""
MOST_SESSIONS: Final = 10_000
MOST_OF_PERSON: Final = 20
"""Sessions beyond these bounds end those that were used the longest time ago."""
_KEPT_EVERY_S: Final = 60.0
"""Uses of sessions are written to the file at most this often."""


class Sessions:
    """The sessions of a server. Safe to use from several threads."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Take up the sessions in a file; a file that cannot be used holds none."""
        self._file = file
        self._clock = clock
        self._turn = threading.Lock()
        self._by_hash = {} if file is None else read_sessions(file)
        self._kept_at = clock()

    def begin(self, identity: Identity) -> str:
        """Return the id of a new session, which only the browser keeps."""
        now, made = self._clock(), secrets.token_urlsafe(32)
        with self._turn:
            self._drop_ended(now)
            self._by_hash[_hash(made)] = Session(identity, now, now)
            self._bound(identity.subject)
            self._keep(now)
        return made

    def find(self, session_id: str) -> Session | None:
        """Return a session that has not ended, and count this as its use."""
        now, key = self._clock(), _hash(session_id)
        with self._turn:
            found = self._by_hash.get(key)
            if found is None or _has_ended(found, now):
                return None
            self._by_hash[key] = replace(found, used_at=now)
            if now - self._kept_at >= _KEPT_EVERY_S:
                self._drop_ended(now)
                self._keep(now)
            return found

    def end(self, session_id: str) -> None:
        """End a session, if there is one."""
        with self._turn:
            if self._by_hash.pop(_hash(session_id), None) is not None:
                self._keep(self._clock())

    def end_all(self, subject: str) -> None:
        """End all sessions of a person."""
        with self._turn:
            for key in [k for k, s in self._by_hash.items() if s.identity.subject == subject]:
                del self._by_hash[key]
            self._keep(self._clock())

    def _bound(self, subject: str) -> None:
        own = [key for key, each in self._by_hash.items() if each.identity.subject == subject]
        self._drop_oldest(own, MOST_OF_PERSON)
        self._drop_oldest(list(self._by_hash), MOST_SESSIONS)

    def _drop_oldest(self, keys: list[str], most: int) -> None:
        if len(keys) > most:
            oldest = sorted(keys, key=lambda key: self._by_hash[key].used_at)
            for key in oldest[: len(keys) - most]:
                del self._by_hash[key]

    def _drop_ended(self, now: float) -> None:
        for key in [key for key, each in self._by_hash.items() if _has_ended(each, now)]:
            del self._by_hash[key]

    def _keep(self, now: float) -> None:
        self._kept_at = now
        if self._file is not None:
            write_sessions(self._file, self._by_hash)


def _has_ended(session: Session, now: float) -> bool:
    return now - session.used_at > IDLE_S or now - session.began_at > LASTS_S


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
