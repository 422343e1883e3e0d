"""Search for free loopback addresses and ports. On Linux, all of 127.0.0.0/8 is local."""

import random
import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from gitmesh.demo.layout import Layout, Ports
from mesh.errors import UsageError

ATTEMPTS = 20
_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_STREAM)


def free_layout(plan: Callable[[tuple[int, int]], Layout], choose: random.Random) -> Layout:
    """Return a layout in a network in which all its addresses are free.

    :raises UsageError: this system has no such addresses.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        layout = plan((choose.randint(16, 250), choose.randint(1, 250)))
        reason = busy(layout.places)
        if not reason:
            return layout
    raise UsageError(
        f"no free loopback addresses: {reason}",
        hint="the demo needs Linux, which answers on all of 127.0.0.0/8",
    )


def free_ports() -> Ports:
    """Return ports that are free on every address, as the kernel chooses them."""
    with ExitStack() as stack:
        xds, dns, admin = (stack.enter_context(_any_port(kind)) for kind in _KINDS)
        return Ports(xds=_port(xds), dns=_port(dns), admin=_port(admin))


def replacements(ports: Iterable[int], address: str) -> dict[int, int]:
    """Return a replacement for each of these ports that is in use on every address.

    ``address`` must be an address that nobody else uses.
    """
    with ExitStack() as stack:
        return {
            port: _port(stack.enter_context(_any_port(socket.SOCK_STREAM)))
            for port in sorted(ports)
            if busy([(address, port)])
        }


def _any_port(kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(type=kind)
    made.bind(("0.0.0.0", 0))  # noqa: S104 - nothing is read from it; it is closed at once
    return made


def _port(bound: socket.socket) -> int:
    port: int = bound.getsockname()[1]
    return port


def busy(places: Iterable[tuple[str, int]]) -> str:
    """Return the reason why one of these addresses is not free; empty if all are free."""
    for address, port in places:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                return f"{address}:{port}: {error.strerror}"
    return ""
