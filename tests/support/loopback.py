"""Loopback addresses and ports that no other test uses at the same time."""

import os
import socket
from itertools import count

_number = count()
_given: set[int] = set()
_HOSTS = 254
_BLOCKS = ((64, 128), (192, 63), (1, 63))
"""Ranges of the second byte: start and length, used one after the other."""


def loopback_address() -> str:
    """Return an address of 127.0.0.0/8 that this process has not used before.

    The middle bytes come from the process id, so that tests can run in parallel.
    """
    block, host = divmod(next(_number), _HOSTS)
    if block == len(_BLOCKS):
        raise RuntimeError("one process has used up its loopback addresses")
    first, many = _BLOCKS[block]
    pid = os.getpid()
    return f"127.{first + (pid >> 8) % many}.{pid & 0xFF}.{host + 1}"


def free_port() -> int:
    """Return a port that is free on every address and that this process has not used before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("0.0.0.0", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
