"""Memory of this process: whether enough is left to go on."""

import mmap
from typing import Final

RESERVE_BYTES: Final = 16 * 1024 * 1024
"""Memory that the reading of a large commit leaves to everything else: git, the event log, the
streams of proxies, and the stack of a thread that has to start."""

OUT_OF_MEMORY: Final = "out-of-memory"
"""The stable word for it in events."""

NO_MEMORY: Final = "there is not enough memory"
HINT: Final = "give the process more memory: see ulimit -a, or MemoryMax= and LimitDATA= of systemd"


def require_memory(wanted_bytes: int) -> None:
    """Raise if the system would not give this process so much more memory.

    The memory is asked for and given back untouched, which takes microseconds. So every limit that
    refuses memory counts; one that kills instead (a container's) cannot be seen in this way. What
    the process has and does not use at the moment does not count.

    :raises MemoryError: it would not.
    """
    try:
        mmap.mmap(-1, wanted_bytes, flags=mmap.MAP_PRIVATE).close()
    except OSError:
        raise MemoryError from None


def require_reserve(more_bytes: int = 0) -> None:
    """Raise if the system would not give this process so much memory beside the reserve.

    :raises MemoryError: it would not.
    """
    require_memory(RESERVE_BYTES + more_bytes)
