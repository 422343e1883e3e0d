"""Signatures of recent writes, so that nobody who overheard one can have it carried out again.

A signature covers a request's time in seconds. Two equal calls of the same second have the same
one, so for a moment a signature may come again; later it changes nothing any more. Clients sign
each attempt anew.
"""

import hashlib
import threading
from datetime import datetime, timedelta
from typing import Final

from events.encoding.codec import decode
from events.store import EventReader
from events.types import Chain, CommitApplied
from gitmesh.access.caller import Signed

TRAILER: Final = "Signature-Digest"
"""Names the signature of a call in the message of its commit."""
AGAIN_WITHIN: Final = timedelta(seconds=5)
"""Time in which a signature may come again, since it came first."""
KEPT: Final = timedelta(minutes=10)
"""A signature is valid from five minutes before its time until five minutes after."""
MOST_KEPT: Final = 100_000
"""Signatures that are kept for each caller; about 15 MB."""


class RecentSignatures:
    """First time of each recent signature. Safe to use from several threads.

    Those of calls that made a commit are known after a restart, and to every server of the log:
    their digests are in the trailers of the commits.
    """

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._turn = threading.Lock()
        self._first: dict[str, dict[str, datetime]] = {}
        self._logged: dict[str, datetime] | None = None

    def note(self, identity: str, signed: Signed) -> None:
        """Remember that a caller's write with this signature came."""
        with self._turn:
            known = self._first.setdefault(identity, {})
            known.setdefault(signed.digest, signed.received_at)
            while known:
                oldest = next(iter(known))
                if len(known) <= MOST_KEPT and signed.received_at - known[oldest] <= KEPT:
                    return
                del known[oldest]

    def is_used_up(self, identity: str, signed: Signed) -> bool:
        """Tell whether a signature had come before, and not just before, when it was received.

        However long the request has waited since then.
        """
        at = signed.received_at
        with self._turn:
            first = self._first.get(identity, {}).get(signed.digest, at)
            if self._logged is None:
                self._logged = _of_log(self._log, at)
            return at - min(first, self._logged.get(signed.digest, at)) > AGAIN_WITHIN


def digest_of_signature(signature: str) -> str:
    """Return what is kept of a signature, and published in commits."""
    return hashlib.sha256(signature.encode()).hexdigest()[:32]


def _of_log(log: EventReader, now: datetime) -> dict[str, datetime]:
    """Return when calls that made a commit were logged, by their signatures' digests."""
    found: dict[str, datetime] = {}
    for record in log.read(Chain.MESH, after=log.seq_at(now - KEPT)):
        event = decode(record) if record.kind == CommitApplied.__name__ else None
        if isinstance(event, CommitApplied) and TRAILER in (named := dict(event.facts.trailers)):
            found[named[TRAILER]] = datetime.fromisoformat(record.at)
    return found
