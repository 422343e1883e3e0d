"""Whether an event of the log is one that was derived from git. Pure.

The words in which a problem is told are not compared, nor are its hints: they become better from
one gitmesh to the next, and a log outlives many. Which problem it is, and where, is compared.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from pydantic_core import from_json

from events.chain import Row, event_of
from events.codec import Encoded, encode
from mesh.canonical import canonical

_TOLD: Final = ("problems", "warnings")
_WORDS: Final = frozenset({"message", "hint"})


class Sameness(Enum):
    """How an event of the log and a derived one compare."""

    SAME = "it is the same"
    REWORDED = "its problems are told in other words"


def compare(row: Row, derived: Encoded) -> Sameness | str:
    """Return how they compare, or in words what differs."""
    if derived.v != row.v:
        row = _today(row)
    heading = (row.kind, row.subject, row.commit, row.actor)
    expected = (derived.kind, derived.subject, derived.commit, derived.actor)
    if heading != expected:
        return _first_of(heading, expected)
    if row.data == canonical(derived.data):
        return Sameness.SAME
    logged = from_json(row.data)
    if not isinstance(logged, dict) or not _is_canonical(logged, row.data):
        return "its data is not canonical JSON"
    if _without_words(logged) == _without_words(derived.data):
        return Sameness.REWORDED
    return _fields(logged, derived.data)


def _is_canonical(data: dict[str, Any], text: str) -> bool:
    try:
        return canonical(data) == text
    except ValueError:
        return False  # a fraction, which gitmesh never writes


def _today(row: Row) -> Row:
    """Return a row of an older form as it would be written now."""
    event = event_of(row)
    now = encode(event, row.actor)
    return row._replace(v=now.v, data=canonical(now.data))


def _first_of(heading: tuple[str, ...], expected: tuple[str, ...]) -> str:
    names = ("kind", "subject", "commit", "actor")
    for name, logged, derived in zip(names, heading, expected, strict=True):
        if logged != derived:
            return f"its {name} is {logged!r}; by git it is {derived!r}"
    raise AssertionError("they are equal")


def _without_words(data: Mapping[str, Any]) -> str:
    return canonical({key: _bare(value) if key in _TOLD else value for key, value in data.items()})


def _bare(problems: list[dict[str, Any]]) -> Any:
    bare = [{k: v for k, v in p.items() if k not in _WORDS} for p in problems]
    return sorted(bare, key=canonical)


def _fields(logged: Mapping[str, Any], derived: Mapping[str, Any]) -> str:
    """Name what differs, as deep as one name goes."""
    where = _where(logged, derived)
    return f"its data at {where} is not what git says"


def _where(logged: Any, derived: Any, path: str = "$") -> str:
    """Return the JSON path of the deepest value that holds all that differs."""
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
