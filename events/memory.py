"""Check that enough memory is available before large work begins."""

import mmap
from typing import Final

RESERVE_BYTES: Final = 16 * 1024 * 1024
"""Memory that must stay free while a large commit is read: for git, the event log, the streams of
proxies, and the stack of a new thread."""

OUT_OF_MEMORY: Final = "out-of-memory"
"""Reason in events: there was not enough memory."""

NO_MEMORY: Final = "there is not enough memory"
HINT: Final = "give the process more memory: see ulimit -a, or MemoryMax= and LimitDATA= of systemd"


def require_memory(wanted_bytes: int) -> None:
    """Raise if the system would not give this process so much more memory.

    The memory is requested and returned unused, which takes microseconds. Therefore every limit
    that refuses memory counts. A limit that kills the process instead, such as a container's,
    cannot be detected in this way. Memory that the process already has, but does not use at the
    moment, does not count.

    :raises MemoryError: the system would not give it.
    """
    try:
        mmap.mmap(-1, wanted_bytes, flags=mmap.MAP_PRIVATE).close()
    except OSError:
        raise MemoryError from None


def require_reserve(more_bytes: int = 0) -> None:
    """Raise if the system would not give this process so much memory beside the reserve.

    :raises MemoryError: the system would not give it.
    """
    require_memory(RESERVE_BYTES + more_bytes)
