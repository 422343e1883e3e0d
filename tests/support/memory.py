"""Processes with little memory: this one and others."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_MEGABYTE = 1024 * 1024


def data_bytes(pid: int | str = "self") -> int:
    """Return how much of ``RLIMIT_DATA`` a process uses; skip the test where that is unknown."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmData:")]
    return 1024 * int(line.split()[1])


def most_data_bytes(pid: int) -> int:
    """Return how much the largest of a process and its children uses."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return max(map(data_bytes, (str(pid), *children)))


@contextmanager
def little_memory(megabytes: int) -> Iterator[None]:
    """Let this process have only so much more memory until the block ends."""
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + megabytes * _MEGABYTE, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)


def limited(most_bytes: int) -> Sequence[str]:
    """Return a command prefix that limits the data of a process."""
    return ("sh", "-c", f'ulimit -d {most_bytes // 1024} && exec "$0" "$@"')
