"""Metadata of a commit, parsed from its raw object. Pure.

The object is untrusted. Unknown encodings, impossible dates and malformed lines are converted to
readable text and never refused, because a commit that cannot be described cannot be logged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from typing import Final

from events.types import CommitFacts, CommitId, Signature

MAX_MESSAGE: Final = 16_384
"""Maximum characters kept of a message; a longer one ends in ``…``."""
MAX_NAME: Final = 256
MAX_TRAILERS: Final = 100
MAX_TRAILER: Final = 1_024
MAX_REVERTS: Final = 100

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# RFC 3339 ends with the year 9999; one day at each end leaves room for any offset.
_FIRST: Final = -62_135_596_800 + 86_400
_LAST: Final = 253_402_300_799 - 86_400
_SIGNATURE: Final = re.compile(rb"(?P<name>[^<]*)<(?P<email>[^>]*)>?(?P<rest>.*)", re.DOTALL)
_TIME: Final = re.compile(rb"[^0-9+-]*(-?\d{1,20})(?:\s+([+-]\d{1,9}))?")
# Commits name their encoding; only these are allowed, so that no other codec can be run.
_ENCODINGS: Final = re.compile(
    rb"(?i)(?:iso-?8859-?\d{1,2}|latin-?1|windows-125\d|cp125\d|koi8-[ru])"
)
_REVERTS: Final = re.compile(r"\bThis reverts commit ([0-9a-f]{40})\b")
_TRAILER: Final = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\n\s*")
_GENERATED: Final = ("Signed-off-by: ", "(cherry picked from commit ")


@dataclass(frozen=True, slots=True)
class _Raw:
    """A commit object, split into its parts."""

    tree: str
    parents: tuple[CommitId, ...]
    author: bytes
    committer: bytes
    encoding: bytes
    message: bytes


def read_commit_object(commit: CommitId, raw: bytes) -> CommitFacts:
    """Return the metadata of a commit object. Never raises."""
    parts = _split(raw)
    message = _decode(parts.message, parts.encoding)
    kept = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
    return CommitFacts(
        commit=commit,
        tree=parts.tree,
        parents=parts.parents,
        author=_signature(parts.author, parts.encoding),
        committer=_signature(parts.committer, parts.encoding),
        message=kept,
        trailers=trailers(message),
        reverts=reverts(message),
    )


def parents_of(raw: bytes) -> tuple[CommitId, ...]:
    """Return the parents of a commit object."""
    return tuple(_parents(raw.partition(b"\n\n")[0].split(b"\n")))


def tree_of(raw: bytes) -> str:
    """Return the tree of a commit object; "" if it names no tree."""
    return _field(raw.partition(b"\n\n")[0].split(b"\n"), b"tree ").decode("ascii", "replace")


def reverts(message: str) -> tuple[CommitId, ...]:
    """Return the commits that a message reverts, in the words of ``git revert``."""
    found = (CommitId(match) for match in _REVERTS.findall(message))
    return tuple(dict.fromkeys(found))[:MAX_REVERTS]


def trailers(message: str) -> tuple[tuple[str, str], ...]:
    """Return the trailers of a message as ``git interpret-trailers --parse --no-divider`` does.

    Trailers are in the last paragraph, which must not be the first. Either every line of it is a
    trailer, or at least a quarter of the lines are and one of those is a trailer that git itself
    writes.
    """
    found = (_TRAILER.fullmatch(line) for line in _unfold(_trailer_lines(message)))
    return tuple(
        (match[1][:MAX_TRAILER], _FOLD.sub(" ", match[2]).strip()[:MAX_TRAILER])
        for match in islice((match for match in found if match), MAX_TRAILERS)
    )


def _trailer_lines(message: str) -> list[str]:
    """Return the paragraph of trailers, or nothing if the last paragraph is prose.

    Read from the end: a message may have millions of lines.
    """
    end = _end_before(message, len(message), lambda line: not line.strip() or line.startswith("#"))
    blank = _end_before(message, end, lambda line: bool(line.strip()))
    paragraph = message[blank + 1 : end].split("\n") if 0 <= blank < end else []
    return paragraph if _are_trailers(paragraph) else []


def _end_before(message: str, end: int, is_passed: Callable[[str], bool]) -> int:
    """Return the end of the last line up to ``end`` that ``is_passed`` does not skip; -1 if there
    is none."""
    while end >= 0:
        start = message.rfind("\n", 0, end) + 1
        if not is_passed(message[start:end]):
            break
        end = start - 1
    return end


def _are_trailers(paragraph: list[str]) -> bool:
    found = others = folded = 0
    by_git = False
    for line in reversed(paragraph):
        generated = line.startswith(_GENERATED)
        by_git = by_git or generated
        if line.startswith("#"):
            others, folded = others + folded, 0
        elif generated or _TRAILER.fullmatch(line):
            found, folded = found + 1, 0
        elif line[:1].isspace():
            folded += 1
        else:
            others, folded = others + 1 + folded, 0
    others += folded
    return found > 0 and (others == 0 or (by_git and found * 3 >= others))


def _unfold(lines: list[str]) -> list[str]:
    """Join continuation lines to the line before. A comment is a line like any other, so that a
    trailer does not go on after it."""
    folded: list[str] = []
    for line in lines:
        if line[:1].isspace() and folded:
            folded[-1] += "\n" + line
        else:
            folded.append(line)
    return folded


def rfc3339(seconds: int, offset_minutes: int) -> str:
    """Return a time with its offset in RFC 3339; times beyond the calendar are clamped.

    An offset of a day or more is written as UTC.
    """
    offset = offset_minutes if abs(offset_minutes) < 24 * 60 else 0
    moment = _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))
    return moment.astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="seconds")


def _split(raw: bytes) -> _Raw:
    head, _, message = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    return _Raw(
        tree=_field(lines, b"tree ").decode("ascii", "replace"),
        parents=tuple(_parents(lines)),
        author=_field(lines, b"author "),
        committer=_field(lines, b"committer "),
        encoding=_field(lines, b"encoding "),
        message=message,
    )


def _field(lines: list[bytes], name: bytes) -> bytes:
    return next((line[len(name) :] for line in lines if line.startswith(name)), b"")


def _parents(lines: list[bytes]) -> Iterator[CommitId]:
    for line in lines:
        if line.startswith(b"parent "):
            yield CommitId(line[7:47].decode("ascii", "replace"))


def _decode(text: bytes, encoding: bytes) -> str:
    codec = encoding.decode("ascii") if _ENCODINGS.fullmatch(encoding) else "utf-8"
    try:
        return text.decode(codec, "replace")
    except LookupError:
        return text.decode("utf-8", "replace")


def _signature(line: bytes, encoding: bytes) -> Signature:
    match = _SIGNATURE.match(line)
    name, email, rest = match.group("name", "email", "rest") if match else (line, b"", b"")
    time = _TIME.match(rest)
    seconds = int(time[1]) if time else 0
    return Signature(
        name=_decode(name, encoding).strip()[:MAX_NAME],
        email=_decode(email, encoding).strip()[:MAX_NAME],
        at=rfc3339(seconds, _minutes(time[2] if time else None)),
    )


def _minutes(offset: bytes | None) -> int:
    """Return ``+0530`` as 330."""
    if not offset:
        return 0
    hours, minutes = divmod(abs(int(offset)), 100)
    return (hours * 60 + minutes) * (-1 if offset.startswith(b"-") else 1)
