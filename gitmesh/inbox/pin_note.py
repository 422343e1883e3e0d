"""Notes that ask a server to pin a commit, or to release the pin."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

MOST_REASON: Final = 500


class PinNote(BaseModel):
    """Note of ``gitmesh pin`` and ``unpin`` for the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    """The commit to pin; None to release the pin."""
    until: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=MOST_REASON)] = ""
    by: Annotated[str, Field(max_length=MOST_REASON)] = ""
    """The API caller for whom the server itself wrote the note; ignored in notes of other users."""

    @field_validator("until")
    @classmethod
    def _in_utc(cls, until: datetime | None) -> datetime | None:
        """Refuse a time that cannot be converted to UTC, or be rounded up to a second."""
        if until is None:
            return None
        try:
            found = until.astimezone(UTC)
            _ = found + timedelta(seconds=1)
        except OverflowError:
            raise ValueError("the time cannot be converted to UTC") from None
        return found

    def line(self) -> bytes:
        """Return the note in its file form, as one line."""
        return self.model_dump_json(exclude=None if self.by else {"by"}).encode()


def read_pin(text: bytes) -> PinNote | None:
    """Parse a note; ``None`` if it is invalid."""
    try:
        note = PinNote.model_validate_json(text)
    except ValidationError:
        return None
    return note if (note.commit is None) == (note.until is None) else None
