"""Encoding and decoding of one kind of event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.types import CommitId, Event
from mesh.canonical import JsonObject

# The data was written by this module and is protected by the log's hashes, so it is not validated.
Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """Writer and reader of one kind's data."""

    type: type[Event]
    v: int
    dump: Callable[[Any], JsonObject]
    load: Callable[[str, CommitId, Data], Event]
    """Builds the event from its subject, commit and data."""
