"""Comparison of logged events with events derived from git. Pure.

Wording and hints of problems are not compared, because newer versions of gitmesh improve them. The
code and the position of a problem are compared.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pydantic_core import from_json

from events.encoding.codec import Encoded, encode
from events.integrity.chain import Row, event_of
from events.types import CommitFacts, CommitRejected
from mesh.canonical import canonical
from mesh.errors import Fatal

_TOLD: Final = ("problems", "warnings")
_OF_COMMIT: Final = ("CommitApplied", "CommitRejected")
_OF_RESOURCE: Final = ("ResourceAdded", "ResourceChanged", "TrafficShifted", "ResourceRemoved")
_LITERAL: Final = ("tree", "parents", "author", "committer", "message")
"""Fields whose value is copied from git, whatever the rules."""
_WORDS: Final = frozenset({"message", "hint"})


class EventMatch(Enum):
    """Result of comparing a logged event with a derived one."""

    SAME = "it is the same"
    REWORDED = "its problems have other wording"


def compare(row: Row, derived: Encoded) -> EventMatch | str:
    """Return the result of the comparison, or the difference as text."""
    if derived.v != row.v:
        row = _today(row)
    heading = (row.kind, row.subject, row.commit, row.actor)
    expected = (derived.kind, derived.subject, derived.commit, derived.actor)
    if heading != expected:
        return _first_of(heading, expected)
    if row.data == canonical(derived.data):
        return EventMatch.SAME
    logged = from_json(row.data)
    if not isinstance(logged, dict) or not _is_canonical(logged, row.data):
        return "its data is not canonical JSON"
    if _without_words(logged) == _without_words(derived.data):
        return EventMatch.REWORDED
    return _fields(logged, derived.data)


def _is_canonical(data: dict[str, Any], text: str) -> bool:
    try:
        return canonical(data) == text
    except ValueError:
        return False  # a float, which gitmesh never writes


def contradicts_git(rows: Sequence[Row], facts: CommitFacts) -> str | None:
    """Return a difference between a commit's events and git that no version of the rules explains;
    None if there is none.

    The function checks the fields that are copied from git, and that the events belong to one
    commit.
    """
    git = encode(CommitRejected(facts))
    for row in rows:
        fits = _OF_COMMIT if row is rows[0] else _OF_RESOURCE
        wrong = _alien(row, git, fits)
        if wrong is None and row is rows[0]:
            wrong = _facts(from_json(row.data), git.data, len(rows) - 1)
        if wrong is not None:
            return f"event {row.seq} ({row.kind} of {row.subject}): {wrong}"
    return None


def _alien(row: Row, git: Encoded, fits: Collection[str]) -> str | None:
    """Return the reason why no version of gitmesh can have written this event for the commit."""
    if row.kind not in fits:
        return "it does not belong there"
    if (row.commit, row.actor) != (git.commit, git.actor):
        return "it belongs to another commit"
    try:
        now = _today(row)
    except (Fatal, ValueError):
        return "it cannot be decoded"
    return None if row.v < now.v or row.data == now.data else "its data is not canonical JSON"


def _facts(logged: Mapping[str, Any], git: Mapping[str, Any], following: int) -> str | None:
    for name in _LITERAL:
        if logged[name] != git[name]:
            return f"its data at $.{name} does not match git"
    said = logged.get("changes", 0)
    return None if said == following else f"{following} events follow it, not {said}"


def _today(row: Row) -> Row:
    """Return a row with an older schema version, converted to the current one."""
    event = event_of(row)
    now = encode(event, row.actor)
    return row._replace(v=now.v, data=canonical(now.data))


def _first_of(heading: tuple[str, ...], expected: tuple[str, ...]) -> str:
    names = ("kind", "subject", "commit", "actor")
    for name, logged, derived in zip(names, heading, expected, strict=True):
        if logged != derived:
            return f"its {name} is {logged!r}; by git it is {derived!r}"
    raise AssertionError("the logged event equals the derived one")


def _without_words(data: Mapping[str, Any]) -> str:
    return canonical({key: _bare(value) if key in _TOLD else value for key, value in data.items()})


def _bare(problems: list[dict[str, Any]]) -> Any:
    bare = [{k: v for k, v in p.items() if k not in _WORDS} for p in problems]
    return sorted(bare, key=canonical)


def _fields(logged: Mapping[str, Any], derived: Mapping[str, Any]) -> str:
    """Return the names of the differing fields; nested fields only if all differences are inside
    one."""
    where = _where(logged, derived)
    return f"its data at {where} does not match git"


def _where(logged: Any, derived: Any, path: str = "$") -> str:
    """Return the JSON path of the deepest value that contains all differences."""
    inner: list[tuple[str, Any, Any]] = []
    if isinstance(logged, dict) and isinstance(derived, dict) and logged.keys() == derived.keys():
        inner = [(f"{path}.{key}", logged[key], derived[key]) for key in sorted(logged)]
    elif isinstance(logged, list) and isinstance(derived, list) and len(logged) == len(derived):
        pairs = zip(logged, derived, strict=True)
        inner = [(f"{path}[{at}]", one, other) for at, (one, other) in enumerate(pairs)]
    for where, one, other in inner:
        if canonical(one) != canonical(other):
            return _where(one, other, where)
    return path
