"""Parsing of push notes from untrusted users. Pure."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitmesh.inbox.push_note import MOST_REF, PushNote
from gitmesh.inbox.pusher import MOST_NAME_CHARS, MOST_OPTION_CHARS, MOST_OPTIONS
from gitmesh.inbox.refusal_reason import RefusalReason
from gitmesh.inbox.refused_push_note import (
    MOST_BYTES,
    MOST_COMMITS,
    MOST_PROBLEMS,
    MOST_TEXT,
    RefusedNote,
)

_STRICT: Final = ConfigDict(frozen=True, extra="forbid", strict=True)
_Text = Annotated[str, Field(max_length=MOST_TEXT)]
_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
_Name = Annotated[str, Field(max_length=MOST_NAME_CHARS)]
_Option = Annotated[str, Field(max_length=MOST_OPTION_CHARS)]


class _Found(BaseModel):
    """Schema of a valid note."""

    model_config = _STRICT

    ref: Annotated[str, Field(max_length=MOST_REF)]
    before: _Commit | None
    after: _Commit | None
    pusher: _Name
    via: Annotated[str, Field(pattern=r"^(http|ssh|local)$")]
    claimed: _Name
    options: Annotated[tuple[_Option, ...], Field(max_length=MOST_OPTIONS)]
    omitted: Annotated[int, Field(ge=0, lt=100_000)]


class _Problem(BaseModel):
    """A problem of a commit that was refused."""

    model_config = _STRICT

    path: _Text
    line: Annotated[int, Field(ge=0, lt=1 << 31)]
    where: _Text
    code: _Text
    message: _Text
    hint: _Text
    severity: Annotated[str, Field(pattern=r"^(error|warning)$")]


class _Refused(BaseModel):
    """Fields of a note of a refused push."""

    model_config = _STRICT

    push: _Found
    reason: RefusalReason
    commits: Annotated[tuple[_Commit, ...], Field(max_length=MOST_COMMITS)]
    problems: Annotated[tuple[_Problem, ...], Field(max_length=MOST_PROBLEMS)]
    more_problems: Annotated[int, Field(ge=0, lt=1 << 31)]


def read_refused_push(text: bytes) -> RefusedNote | None:
    """Read a note of a refused push; ``None`` if it is invalid."""
    if len(text) > MOST_BYTES:
        return None
    try:
        found = _Refused.model_validate_json(text)
    except ValidationError:
        return None
    return RefusedNote(
        PushNote(**found.push.model_dump()),
        found.reason.value,
        found.commits,
        tuple(problem.model_dump() for problem in found.problems),
        found.more_problems,
    )


def read_push(text: bytes) -> PushNote | None:
    """Parse a note; ``None`` if it is invalid."""
    try:
        found = _Found.model_validate_json(text)
    except ValidationError:
        return None
    return PushNote(**found.model_dump())
