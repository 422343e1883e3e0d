"""Filter for events of a chain. Pure."""

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
    """A resource key: matches events of this resource and of resources inside it, such as a
    router's routes."""
    node: str = ""
    """A proxy's ``node.id``: matches events about the node, about its proxies, and about snapshots
    offered to them."""
    author: str = ""
    """Part of the commit author's name or address; case is ignored."""
    commit: CommitId | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Latest time, inclusive."""
    after: int = 0
    """Only positions after this one."""
    before: int = 0
    """Only positions before this one; 0 for no such bound."""


EVERYTHING: Final = Query()
"""Query that matches every event."""


def time_text(when: datetime) -> str:
    """Return a time in the log's text form, which sorts by time.

    ``strftime`` is not used, because it writes years before 1000 too short.
    """
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
