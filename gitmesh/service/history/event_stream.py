"""Stream of new events, as they are logged."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from events.query import Query
from events.store import EventReader
from events.types import Chain, Record, Seq
from gitmesh.queries.history import newest

POLL_S: Final = 0.2


def new_events(
    log: EventReader,
    query: Query,
    behind: Mapping[Chain, Seq],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[Record]]:
    """Yield, every ``POLL_S`` seconds and without end, the matching events that were added.

    :param behind: the position in each chain after which to start; other chains are left out.
    """
    heads = dict(behind)
    while True:
        sleep(POLL_S)
        found = newest(log, list(heads), 0, query, behind=heads)
        for record in found:
            heads[record.chain] = max(record.seq, heads[record.chain])
        yield found
