"""Connections of clients that are to end, whatever goes on on them.

What a client has proven it has proven for its connection, and gRPC lets a server end streams, and
connections by their age, but not one of its choice. A client whose certificate has expired would
come again on the connection that it has, for ever, and never show the new one.
"""

import asyncio
import ipaddress
import os
import socket
import stat
from collections import Counter
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote

_DESCRIPTORS: Final = "/proc/self/fd"
_PAUSE_S: Final = 0.2
"""How long a client has to read why its stream has ended."""

Address = tuple[str, int]


class Connections:
    """Which clients have streams, by the names that gRPC has for them; ends their connections."""

    def __init__(self) -> None:
        self._streams = Counter[str]()
        self._ending: set[Address] = set()

    def count(self) -> int:
        """Return how many clients have streams."""
        return len(self._streams)

    def opened(self, peer: str) -> None:
        """Take note that a client has opened a stream."""
        self._streams[peer] += 1

    def closed(self, peer: str, *, for_good: bool) -> None:
        """Take note that a stream has ended.

        :param for_good: no stream of this connection may have what this one was to have. It ends
            in a moment, unless there is another: one who speaks for many loses none of those.
        """
        self._streams[peer] -= 1
        if not self._streams[peer]:
            del self._streams[peer]
            if for_good:
                self._end_soon(peer)

    def _end_soon(self, peer: str) -> None:
        address = address_of(peer)
        if address is None:
            return
        if not self._ending:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._end)
        self._ending.add(address)

    def _end(self) -> None:
        ending, self._ending = self._ending, set()
        asyncio.get_running_loop().run_in_executor(None, shut_down, ending)


def address_of(peer: str) -> Address | None:
    """Return where a client connects from, if it has an IP address (gRPC's name resolution:
    ``ipv4:192.0.2.1:443``, ``ipv6:%5B2001:db8::1%5D:443``)."""
    kind, _, address = peer.partition(":")
    host, _, port = unquote(address).rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdecimal():
        return None
    try:
        return _plain(host.removeprefix("[").removesuffix("]")), int(port)
    except ValueError:
        return None


def shut_down(peers: Collection[Address]) -> int:
    """Shut the connections of this process with these clients; return how many there were.

    Whoever uses them finds that the other side has gone. Does nothing where there is no ``/proc``.
    """
    try:
        descriptors = os.listdir(_DESCRIPTORS)
    except OSError:
        return 0
    return sum(_shut_down(int(descriptor), peers) for descriptor in descriptors)


def _shut_down(descriptor: int, peers: Collection[Address]) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        # Another one for the same socket: the first may be closed, and given away, at any time.
        own = os.dup(descriptor)
    except OSError:
        return False
    try:
        connection = socket.socket(fileno=own)
    except OSError:  # It was given away.
        os.close(own)
        return False
    with connection:
        try:
            host, port = connection.getpeername()[:2]
            if (_plain(host), port) not in peers:
                return False
            connection.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):  # Nobody is connected, or from no address.
            return False
    return True


def _plain(host: str) -> str:
    """Return an address as gRPC has it: of an IPv4 address within IPv6 the former."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
