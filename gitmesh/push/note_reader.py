"""Notes of pushes as the server reads them: anybody may have written one. Pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitmesh.push.note import MOST_REF, PushNote
from gitmesh.push.pusher import MOST_NAME_CHARS, MOST_OPTION_CHARS, MOST_OPTIONS

_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
_Name = Annotated[str, Field(max_length=MOST_NAME_CHARS)]
_Option = Annotated[str, Field(max_length=MOST_OPTION_CHARS)]


class _Found(BaseModel):
    """What a note may hold; whatever does not fit is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ref: Annotated[str, Field(max_length=MOST_REF)]
    before: _Commit | None
    after: _Commit | None
    pusher: _Name
    via: Annotated[str, Field(pattern=r"^(http|ssh|local)$")]
    claimed: _Name
    options: Annotated[tuple[_Option, ...], Field(max_length=MOST_OPTIONS)]
    omitted: Annotated[int, Field(ge=0, lt=100_000)]


def read_push(text: bytes) -> PushNote | None:
    """Read a note; ``None`` where it is none."""
    try:
        found = _Found.model_validate_json(text)
    except ValidationError:
        return None
    return PushNote(**found.model_dump())
