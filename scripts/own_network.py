"""Run a command in a network of its own, where every port of every loopback address is free.

``python scripts/own_network.py COMMAND…``. Nothing outside can be reached from there, and nothing
that listens on this machine is in the way. Where the kernel allows no such network to this user,
the command runs as it is. Standard library only.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def main() -> None:
    """Enter the network, if that is allowed, and become the command."""
    command = sys.argv[1:]
    if reason := enter():
        print(f"· tests share this machine's network: {reason}", file=sys.stderr, flush=True)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def enter() -> str:
    """Move this process into a new network with a loopback; return why that cannot be done.

    Root needs nothing else. Others get a user namespace, in which they are who they were.
    """
    user, group = os.getuid(), os.getgid()
    if not _try_in_child():
        return "the kernel allows no network namespace here"
    try:
        _unshare(user, group)
    except OSError as error:
        return f"this process cannot move into a network namespace: {error}"
    return ""


def _try_in_child() -> bool:
    """Return whether the move works: a child process tries it, as it cannot be undone."""
    user, group = os.getuid(), os.getgid()
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0
    try:
        _unshare(user, group)
        with socket.create_server(("127.0.0.1", 0)):
            os._exit(0)
    except OSError:
        os._exit(1)


def _unshare(user: int, group: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _CLONE_NEWNET if user == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh14x", b"lo", _IFF_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, up)


if __name__ == "__main__":
    main()
