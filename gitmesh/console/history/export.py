"""Export of events for auditors: JSON lines, as ``gitmesh log --json`` prints them."""

import json
from typing import Final

from events.types import Chain
from gitmesh.access.visibility import is_visible
from gitmesh.console.history.log import selection
from gitmesh.console.visit import Answer, Download, Visit
from gitmesh.json_shapes.events import event_shape

MOST_EVENTS: Final = 50_000
"""Events of each chain in a file, the newest; ``gitmesh export`` writes all of them."""


def export(visit: Visit) -> Answer:
    """Return the events of the log page as a file, oldest first within each chain."""
    log = visit.served.log
    query = selection(visit).query(log, visit.served.repo)
    lines = [
        json.dumps(event_shape(record), ensure_ascii=False)
        for chain in Chain
        for record in log.select(chain, query, MOST_EVENTS)
        if is_visible(record, visit.caller.permission)
    ]
    name = f"gitmesh-log-{visit.now:%Y-%m-%dT%H%M%SZ}.jsonl"
    body = "".join(f"{line}\n" for line in lines).encode()
    return Download(name, "application/jsonl; charset=utf-8", body)
