"""Find loopback addresses that nobody uses. Linux answers on all of 127.0.0.0/8."""

import random
import socket
from collections.abc import Callable, Iterable

from gitmesh.demo.town import Town
from mesh.errors import UsageError

ATTEMPTS = 20


def free_town(plan: Callable[[tuple[int, int]], Town], choose: random.Random) -> Town:
    """Return a plan on a network where every place can be listened on.

    :raises UsageError: this system gives no such addresses.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        town = plan((choose.randint(16, 250), choose.randint(1, 250)))
        reason = busy(town.places)
        if not reason:
            return town
    raise UsageError(
        f"no free loopback addresses: {reason}",
        hint="the demo needs Linux, which answers on all of 127.0.0.0/8",
    )


def busy(places: Iterable[tuple[str, int]]) -> str:
    """Return why one of these places cannot be listened on; empty when all can."""
    for address, port in places:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                return f"{address}:{port}: {error.strerror}"
    return ""
