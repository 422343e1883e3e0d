"""Filter for events of a chain, as a condition on the log's tables. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from events.types import CommitId
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions on events; an empty field matches all."""

    kinds: tuple[str, ...] = ()
    within: ResourceKey | None = None
    """A resource: matches its events and those of resources inside it, such as a router's routes.
    """
    node: str = ""
    """A proxy's ``node.id``: events about it, its proxies, and what was offered to them."""
    author: str = ""
    """Part of the commit author's name or address, in any case."""
    commit: CommitId | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Up to and including this time."""
    after: int = 0
    """Only positions after this one."""

    def condition(self) -> tuple[str, list[object]]:
        """Return an SQL condition and its parameters."""
        parts = list(self._parts())
        sql = " AND ".join(sql for sql, _ in parts)
        return sql, [value for _, values in parts for value in values]

    def _parts(self) -> Iterator[tuple[str, list[object]]]:
        yield "seq > ?", [self.after]
        if self.kinds:
            yield f"kind IN ({', '.join('?' * len(self.kinds))})", [*self.kinds]
        if self.within is not None:
            name = str(self.within)
            # Not LIKE: a name may contain its wildcards.
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
"""Matches every event."""


def time_text(when: datetime) -> str:
    """Return a time in the log's text form, which sorts by time.

    ``strftime`` is not used, because it writes years before 1000 too short.
    """
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
