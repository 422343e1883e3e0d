"""Messages between a server's parent and its workers: one JSON line each. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from events.publication import Publication
from events.types import Seq
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Explained,
    Fact,
    FellBack,
    Finished,
    Full,
    Offered,
    Passed,
    Refused,
    Released,
    Synced,
    Written,
)
from xds.reports.measured import Measured
from xds.server.discovery import AdsSettings

MOST_FACTS: Final = 500
"""Maximum facts per line."""
MOST_REPORTS: Final = 20
"""Maximum reports about traffic per line."""
LONGEST_LINE: Final = 16 << 20
"""Maximum length of a line in bytes. A fact has less than 20 KB, however long a proxy's name is;
most have 30 bytes. A report of traffic has 200 bytes for each
cluster, and at most 700 KB."""


@dataclass(frozen=True, slots=True)
class Hello:
    """First message to a worker: all that it needs to serve."""

    number: int
    log: Path
    listen: str
    log_level: str
    as_json: bool
    ads: AdsSettings


@dataclass(frozen=True, slots=True)
class News:
    """Message to a worker: there is a newer state to serve, the log's state at ``seq``. Times are
    as in a publication."""

    seq: Seq
    moved_ns: int | None
    seen_ns: int | None
    planned_ns: int | None

    @classmethod
    def of(cls, publication: Publication) -> "News":
        """Return the parts of a publication that are not in the log."""
        return cls(
            publication.state.seq,
            publication.moved_ns,
            publication.seen_ns,
            publication.planned_ns,
        )


@dataclass(frozen=True, slots=True)
class AllPassed:
    """Message to a worker: all workers have finished the earlier waves of a publication."""

    seq: Seq
    wave: int


_HELLO: Final = TypeAdapter(Hello)
_TOLD: Final = TypeAdapter[News | AllPassed](News | AllPassed)
_KINDS: Final = (
    Connected,
    Disconnected,
    Offered,
    Written,
    Synced,
    Refused,
    Explained,
    FellBack,
    Finished,
    Passed,
    Released,
    Full,
    Measured,
)
_NUMBERS: Final = {kind: number for number, kind in enumerate(_KINDS)}


def hello_line(hello: Hello) -> bytes:
    """Return a worker's first line."""
    return _HELLO.dump_json(hello) + b"\n"


def read_hello(line: bytes) -> Hello:
    """Parse a worker's first line.

    :raises ValueError: the line is invalid.
    """
    return _HELLO.validate_json(line)


def told_line(told: News | AllPassed) -> bytes:
    """Return a message to a worker as a line."""
    return _TOLD.dump_json(told) + b"\n"


def read_told(line: bytes) -> News | AllPassed:
    """Parse a message to a worker.

    :raises ValueError: the line is invalid.
    """
    return _TOLD.validate_json(line)


def facts_line(facts: Iterable[Fact | Measured]) -> bytes:
    """Return facts for the parent as a line, in order."""
    rows = [(_NUMBERS[type(fact)], *fact) for fact in facts]
    return json.dumps(rows, separators=(",", ":")).encode() + b"\n"


def read_facts(line: bytes) -> list[Fact | Measured]:
    """Parse a line of facts.

    :raises ValueError: the line is invalid.
    """
    try:
        return [_fact(_KINDS[number], values) for number, *values in json.loads(line)]
    except (TypeError, IndexError) as error:
        raise ValueError(f"not facts: {error}") from None


def _fact(kind: type[Fact | Measured], values: list[Any]) -> Fact | Measured:
    if kind is Measured:
        return Measured.from_json(values)
    return kind(*map(_value, values))


def _value(value: Any) -> Any:
    return tuple(value) if type(value) is list else value
