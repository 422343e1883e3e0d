"""Connections of processes, as the kernel reports them."""

import os
from pathlib import Path

_ESTABLISHED = "01"


def connections(pid: int, port: int) -> int:
    """Return the number of this process's connections to a port."""
    return len(_inodes(pid) & _established(port))


def _inodes(pid: int) -> set[str]:
    found = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(fd)
        except OSError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            found.add(target[len("socket:[") : -1])
    return found


def _established(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _ESTABLISHED and int(local.rpartition(":")[2], 16) == port:
                found.add(rest[5])
    return found
