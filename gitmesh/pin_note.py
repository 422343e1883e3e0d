"""Notes by which a server is asked to pin a commit, or to release it."""

from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

MOST_REASON: Final = 500


class PinNote(BaseModel):
    """What ``gitmesh pin`` and ``unpin`` leave for the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    """The commit to pin; None to release what is pinned."""
    until: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=MOST_REASON)] = ""

    def line(self) -> bytes:
        """Return it as it is written."""
        return self.model_dump_json().encode()


def read_pin(text: bytes) -> PinNote | None:
    """Read a note; ``None`` where it is none."""
    try:
        note = PinNote.model_validate_json(text)
    except ValidationError:
        return None
    return note if (note.commit is None) == (note.until is None) else None
