"""Addresses on the loopback that no other test uses at the same time."""

import os
from itertools import count

_number = count(1)


def loopback_address() -> str:
    """Return an address of 127.0.0.0/8 that this process has not given out before.

    The middle of it comes from the process's id, so that tests may run beside each other.
    """
    number = next(_number)
    pid = os.getpid()
    if number > 254:
        raise RuntimeError("one process has used up its loopback addresses")
    return f"127.{64 + (pid >> 8) % 128}.{pid & 0xFF}.{number}"
