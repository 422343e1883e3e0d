"""Which events of a chain are asked for, as a condition that the log's tables understand. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from events.types import CommitId
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Query:
    """What events must fit to be shown; what is left empty fits all."""

    kinds: tuple[str, ...] = ()
    within: ResourceKey | None = None
    """A resource: events about it and what is inside it, as a router's routes are."""
    node: str = ""
    """A proxy's ``node.id``: events about it, its proxies, and what was offered to them."""
    author: str = ""
    """Part of the name or address of whom the commit ascribes itself to, in any case."""
    commit: CommitId | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Up to and with this time."""
    after: int = 0
    """Only positions behind this one."""

    def condition(self) -> tuple[str, list[object]]:
        """Return a condition of SQL and the values of its place holders."""
        parts = list(self._parts())
        sql = " AND ".join(sql for sql, _ in parts)
        return sql, [value for _, values in parts for value in values]

    def _parts(self) -> Iterator[tuple[str, list[object]]]:
        yield "seq > ?", [self.after]
        if self.kinds:
            yield f"kind IN ({', '.join('?' * len(self.kinds))})", [*self.kinds]
        if self.within is not None:
            name = str(self.within)
            # Not LIKE: a name may hold the characters that mean something to it.
            yield "(subject = ? OR substr(subject, 1, ?) = ?)", [name, len(name) + 1, f"{name}/"]
        if self.node:
            offered = "EXISTS (SELECT 1 FROM json_each(data, '$.nodes') WHERE value = ?)"
            yield f"(subject = ? OR {offered})", [self.node, self.node]
        if self.author:
            yield "instr(lower(actor), lower(?)) > 0", [self.author]
        if self.commit:
            yield '"commit" = ?', [self.commit]
        if self.since is not None:
            yield "at >= ?", [time_text(self.since)]
        if self.until is not None:
            yield "at <= ?", [time_text(self.until)]


EVERYTHING: Final = Query()
"""Fits every event."""


def time_text(when: datetime) -> str:
    """Return a time as the log writes times: sorted as text they are sorted in time.

    Not by ``strftime``, which writes a year before 1000 too short.
    """
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
