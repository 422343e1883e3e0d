"""Processes without free file descriptors: this one and others."""

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Use up this process's descriptors until the block ends."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    # What is counted is not how many are open, but the number that the next one would have.
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def limited(soft: int, hard: int) -> Sequence[str]:
    """Return a command prefix that sets these limits."""
    return ("sh", "-c", f'ulimit -S -n {soft} && ulimit -H -n {hard} && exec "$0" "$@"')


def limit_of(pid: int) -> tuple[int, int]:
    """Return the soft and the hard limit of a process."""
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)


def limit(pid: int, soft: int) -> None:
    """Change the soft limit of a process."""
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, limit_of(pid)[1]))


def open_descriptors(pid: int) -> int:
    """Return the number of a process's open descriptors."""
    return len(os.listdir(f"/proc/{pid}/fd"))
