"""Edits of a credential file's text: add, expire and remove a credential. Pure.

Comments and the rest of the text stay as they are.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from gitmesh.access.credential import AccessKey, Credential

_TABLE: Final = re.compile(r"\s*\[")
_EXPIRES: Final = re.compile(r"\s*expires\s*=")


def with_credential(text: str, added: Credential) -> str:
    """Return the text with a credential at its end."""
    table = "credential" if isinstance(added, AccessKey) else "token"
    lines = [f"[[{table}]]", *_members(added)]
    separator = "\n" if text.strip() else ""
    if text and not text.endswith("\n"):
        separator = "\n\n"
    return f"{text}{separator}" + "\n".join(lines) + "\n"


def _members(credential: Credential) -> Iterator[str]:
    for name, value in credential.model_dump().items():
        if value is None or value == ():
            continue
        if isinstance(value, datetime):
            yield f"{name} = {_moment(value)}"
        else:
            given = list(value) if isinstance(value, tuple) else value
            yield f"{name} = {json.dumps(given, ensure_ascii=False)}"


def without_credential(text: str, removed: Credential) -> str:
    """Return the text without the table of a credential; unchanged if the table is not found."""
    lines = text.splitlines(keepends=True)
    found = _table_of(lines, removed)
    if found is None:
        return text
    first, end = found
    return "".join(lines[:first] + lines[end:])


def with_expiry(text: str, credential: Credential, at: datetime) -> str:
    """Return the text with the expiry of a credential set; unchanged if its table is not found."""
    lines = text.splitlines(keepends=True)
    found = _table_of(lines, credential)
    if found is None:
        return text
    first, end = found
    inside = [line for line in lines[first + 1 : end] if not _EXPIRES.match(line)]
    return "".join([*lines[: first + 1], f"expires = {_moment(at)}\n", *inside, *lines[end:]])


def _table_of(lines: list[str], credential: Credential) -> tuple[int, int] | None:
    """Return the lines of a credential's table: its first, and the one after its last."""
    starts = [at for at, line in enumerate(lines) if _TABLE.match(line)]
    names = re.compile(
        r"\s*(access_key_id|token_id)\s*=\s*[\"']" + re.escape(credential.id) + r"[\"']"
    )
    for first, end in pairwise([*starts, len(lines)]):
        if any(map(names.match, lines[first:end])):
            return first, _without_comments_of_the_next(lines, first, end)
    return None


def _without_comments_of_the_next(lines: list[str], first: int, end: int) -> int:
    """Return the end of a table without the comments directly above the next table, which belong to
    that one."""
    while end < len(lines) and end - 1 > first and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return end


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
