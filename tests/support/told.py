"""Events that a running server has recorded, and waiting for them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import Chain, DeliveryEvent
from gitmesh.queries.log_location import log_path

E = TypeVar("E", bound=DeliveryEvent)
PATIENCE_S = 60.0


def told(bare: Path, kind: type[E]) -> list[E]:
    """Return the delivery events of one kind in a repository's log."""
    with open_for_reading(log_path(bare)) as log:
        events = [decode(record) for record in log.read(Chain.DELIVERY)]
    return [event for event in events if isinstance(event, kind)]


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fail if it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
