"""Closing of connections whose client certificate is no longer valid.

A client is authenticated once per connection. gRPC lets a server end streams, or connections by
age, but not a particular connection. A client with an expired certificate would retry on its
existing connection forever, and never present its renewed certificate.
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
"""Time for the client to read the reason why its stream has ended."""

Address = tuple[str, int]


class Connections:
    """Streams per client, by gRPC's peer names; closes connections."""

    def __init__(self) -> None:
        self._streams = Counter[str]()
        self._ending: set[Address] = set()

    def count(self) -> int:
        """Return the number of clients with streams."""
        return len(self._streams)

    def opened(self, peer: str) -> None:
        """Count a new stream of a client."""
        self._streams[peer] += 1

    def closed(self, peer: str, *, for_good: bool) -> None:
        """Count the end of a stream.

        :param for_good: the connection's certificate permits no further stream of this kind. The
            connection is closed after a moment, unless it has other streams.
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
    """Return the address of a peer, if it has an IP address (gRPC's name resolution:
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
    """Close this process's connections to these peers; return their number.

    Their users see a closed connection. Does nothing on systems without ``/proc``.
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
        # A duplicate descriptor: gRPC may close the first one at any time, and its number be
        # reused.
        own = os.dup(descriptor)
    except OSError:
        return False
    try:
        connection = socket.socket(fileno=own)
    except OSError:  # It was closed meanwhile.
        os.close(own)
        return False
    with connection:
        try:
            host, port = connection.getpeername()[:2]
            if (_plain(host), port) not in peers:
                return False
            connection.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):  # Not connected, or without a peer address.
            return False
    return True


def _plain(host: str) -> str:
    """Return an address in gRPC's form: IPv4 addresses mapped to IPv6 as IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
