"""Addresses and ports on the loopback that no other test uses at the same time."""

import os
import socket
from itertools import count

_number = count()
_given: set[int] = set()
_HOSTS = 254
_BLOCKS = ((64, 128), (192, 63), (1, 63))
"""Where the second byte begins and how many it may be: one block after the other is used up."""


def loopback_address() -> str:
    """Return an address of 127.0.0.0/8 that this process has not given out before.

    The middle of it comes from the process's id, so that tests may run beside each other.
    """
    block, host = divmod(next(_number), _HOSTS)
    if block == len(_BLOCKS):
        raise RuntimeError("one process has used up its loopback addresses")
    first, many = _BLOCKS[block]
    pid = os.getpid()
    return f"127.{first + (pid >> 8) % many}.{pid & 0xFF}.{host + 1}"


def free_port() -> int:
    """Return a port that is free on every address, which this process has not given out before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("0.0.0.0", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
