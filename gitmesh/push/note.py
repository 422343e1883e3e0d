"""A push as its hook hands it to the server, and as the server reads it. Pure."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.types import CommitId, PushReceived
from gitmesh.push.moves import Move
from gitmesh.push.pusher import MOST_NAME_CHARS, MOST_OPTION_CHARS, MOST_OPTIONS, Pusher

_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
_Name = Annotated[str, Field(max_length=MOST_NAME_CHARS)]
_MOST_REF: Final = 500


class PushNote(BaseModel):
    """What a post-receive hook leaves for the server; whatever does not fit is no note."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ref: Annotated[str, Field(max_length=_MOST_REF)]
    before: _Commit | None
    after: _Commit | None
    pusher: _Name
    via: Annotated[str, Field(pattern=r"^(http|ssh|local)$")]
    claimed: _Name
    options: Annotated[
        list[Annotated[str, Field(max_length=MOST_OPTION_CHARS)]], Field(max_length=MOST_OPTIONS)
    ]
    omitted: Annotated[int, Field(ge=0, lt=100_000)]

    @classmethod
    def of(cls, move: Move, pusher: Pusher) -> "PushNote":
        """Return the note of one push."""
        return cls(
            ref=move.ref[:_MOST_REF],
            before=move.before,
            after=move.after,
            pusher=pusher.name,
            via=pusher.via,
            claimed=pusher.claimed,
            options=list(pusher.options),
            omitted=pusher.omitted,
        )

    def line(self) -> bytes:
        """Return it as it is written."""
        return self.model_dump_json().encode()

    def event(self, account: str) -> PushReceived:
        """Return it as the log takes it; ``account`` is the user who left it."""
        return PushReceived(
            ref=self.ref,
            after=CommitId(self.after or ""),
            before=None if self.before is None else CommitId(self.before),
            pusher=self.pusher,
            via=self.via,
            account=account,
            claimed=self.claimed,
            options=tuple(self.options),
            omitted=self.omitted,
        )


def read_push(text: bytes) -> PushNote | None:
    """Read a note; ``None`` where it is none."""
    try:
        return PushNote.model_validate_json(text)
    except ValidationError:
        return None
