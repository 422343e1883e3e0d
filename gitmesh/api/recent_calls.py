"""Calls of the last day, so that a retried call is not executed twice (idempotency).

A call that made a commit is in the log, in the trailers of its commit: it is known after a restart,
and to every server of the log. One that made none is known to this process. Ids belong to the
caller who sent them, so nobody learns which ids others used; callers are told apart by the e-mail
address in their commits. Not safe to use from several threads at once.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from events.encoding.codec import decode
from events.store import EventReader
from events.types import START, Chain, CommitApplied, Seq
from gitmesh.api.calls import Call
from mesh.canonical import JsonObject, canonical

CLIENT_TOKEN: Final = "Client-Token"  # noqa: S105 -- the name of a trailer
INVOCATION: Final = "Invocation-Id"
DIGEST: Final = "Call-Digest"
KEPT: Final = timedelta(hours=24)
MOST_KEPT: Final = 100_000


def digest_of(call: Call) -> str:
    """Return a digest of the operation and its parameters, to compare calls with the same client
    token."""
    about = str(call.key) if call.arn is None else call.arn.text
    tags: JsonObject = dict(sorted(call.tags.items()))
    text = canonical([call.operation.name, about, call.spec, tags, *sorted(call.tag_keys)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class RecentCalls:
    """Digests of recent calls, by client token or invocation id."""

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._seen = START
        self._digests: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    def remember(
        self, email: str, ids: Mapping[str, str | None], digest: str, now: datetime
    ) -> None:
        """Remember a caller's call: the log may not have its commit yet, or it made none."""
        for name, value in ids.items():
            if value is not None:
                self._digests.pop((email, name, value), None)  # the oldest come first
                self._digests[email, name, value] = digest, now

    def digest(self, email: str, name: str, value: str | None, now: datetime) -> str | None:
        """Return the digest of the caller's call with this id; ``None`` if there was none."""
        if value is None:
            return None
        self._read(now)
        found = self._digests.get((email, name, value))
        return None if found is None or now - found[1] > KEPT else found[0]

    def _read(self, now: datetime) -> None:
        head = self._log.head(Chain.MESH).seq
        if self._seen == START:
            self._seen = Seq(max(START, self._log.seq_at(now - KEPT)))
        for record in self._log.read(Chain.MESH, after=self._seen) if head > self._seen else ():
            self._seen = record.seq
            event = decode(record) if record.kind == CommitApplied.__name__ else None
            if isinstance(event, CommitApplied):
                self._add(event, datetime.fromisoformat(record.at))
        self._forget(now)

    def _add(self, event: CommitApplied, at: datetime) -> None:
        trailers = dict(event.facts.trailers)
        if DIGEST in trailers:
            ids = {name: trailers.get(name) for name in (CLIENT_TOKEN, INVOCATION)}
            self.remember(event.facts.author.email, ids, trailers[DIGEST], at)

    def _forget(self, now: datetime) -> None:
        """Forget calls that are a day old, and the oldest calls if there are too many."""
        while self._digests:
            oldest = next(iter(self._digests))
            if len(self._digests) <= MOST_KEPT and now - self._digests[oldest][1] <= KEPT:
                return
            del self._digests[oldest]
