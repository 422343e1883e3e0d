"""Note of a push from its hook to the server. Pure."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from events.types import CommitId, PushReceived
from gitmesh.inbox.pusher import Pusher, bounded
from gitmesh.inbox.ref_update import Move

MOST_REF: Final = 500
MOST_BYTES: Final = 48 * 1024


@dataclass(frozen=True, slots=True)
class PushNote:
    """Content of a post-receive hook's note."""

    ref: str
    before: str | None
    after: str | None
    pusher: str
    via: str
    claimed: str
    options: tuple[str, ...]
    omitted: int

    @classmethod
    def of(cls, move: Move, pusher: Pusher) -> "PushNote":
        """Return the note of one push."""
        return cls(
            ref=bounded(move.ref, MOST_REF),
            before=move.before,
            after=move.after,
            pusher=pusher.name,
            via=pusher.via,
            claimed=pusher.claimed,
            options=pusher.options,
            omitted=pusher.omitted,
        )

    def line(self) -> bytes:
        """Return the note in its file form: short enough for the spool, if necessary with fewer
        options."""
        note = self
        while len(text := json.dumps(asdict(note), ensure_ascii=False).encode()) > MOST_BYTES:
            note = note.shorter()
        return text

    def shorter(self) -> "PushNote":
        """Return the note without its last option."""
        return replace(self, options=self.options[:-1], omitted=self.omitted + 1)

    def event(self, account: str) -> PushReceived:
        """Return the note as an event; ``account`` is the system user who left it."""
        return PushReceived(
            ref=self.ref,
            after=CommitId(self.after or ""),
            before=None if self.before is None else CommitId(self.before),
            pusher=self.pusher,
            via=self.via,
            account=account,
            claimed=self.claimed,
            options=self.options,
            omitted=self.omitted,
        )
