"""A port shared by several processes of this server, and by no other server.

The kernel spreads connections over all sockets that listen on a port with ``SO_REUSEPORT``, of any
process of the same user. A second server started by mistake would silently get half of the proxies.
So the port is reserved from before the first process listens until the last one has ended.
"""

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mesh.errors import Fatal, UsageError
from xds.bootstrap.address import socket_path, where_to_listen

_MISSING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@contextmanager
def reserved(address: str) -> Iterator[tuple[str, int]]:
    """Reserve a free port; yield the address to share and the port, which is never 0.

    Until the block ends, only sockets of this user with ``SO_REUSEPORT`` can be bound to the port.

    :raises UsageError: a Unix socket cannot be shared.
    :raises Fatal: the port is in use, or the address is not local.
    """
    where = where_to_listen(address)
    if where is None:
        raise unshared(address)
    host, port = where
    with contextlib.ExitStack() as held:
        try:
            for family, place in _places(host, port):
                if port:
                    _refuse_taken(family, (place, port))
                holder = held.enter_context(_holder(family, (place, port)))
                port = holder.getsockname()[1]
        except OSError as error:
            raise Fatal(
                f"cannot listen on {address}: {error.strerror or error}",
                hint=_other_port(address, port),
            ) from error
        yield f"{address.rpartition(':')[0]}:{port}", port


def unshared(address: str) -> UsageError:
    """Return the error for a Unix socket with several processes, which cannot share it."""
    return UsageError(
        f"{address}: several processes cannot share a socket file",
        hint="listen on host:port, or serve in one process",
    )


def require_free(address: str, *, shared: bool = False) -> None:
    """Check that an address can be listened on now.

    :param shared: skip the check of the port, which :func:`reserved` does.
    :raises Fatal: the address is not local, the port is in use, or the folder of a Unix socket does
        not exist.
    """
    where = where_to_listen(address)
    if where is None:
        folder = Path(socket_path(address) or "").parent
        if not folder.is_dir():
            raise Fatal(f"cannot listen on {address}: there is no folder {folder}")
        return
    host, port = where
    try:
        for family, place in _places(host, port)[:1]:
            _refuse_taken(family, (place, 0 if shared else port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        elsewhere = f"listen on an address of this machine, or on 0.0.0.0:{port}: all that it has"
        raise Fatal(
            f"cannot listen on {address}: {error.strerror}",
            hint=_other_port(address, port) if taken else elsewhere,
        ) from None


def _other_port(address: str, port: int) -> str:
    other = f"{address.rpartition(':')[0]}:{port + 1 if port < 65535 else port - 1}"
    return f"is another server running there? choose another port: --listen {other}"


def _places(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, str]]:
    """Return every local address of a host name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    places = list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))
    usable = [place for place in places if _usable(*place)]
    return usable or places


def _usable(family: socket.AddressFamily, host: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError as error:
        return error.errno not in _MISSING
    return True


def _refuse_taken(family: socket.AddressFamily, where: tuple[str, int]) -> None:
    """Bind without ``SO_REUSEPORT``, which fails if any socket listens on the port."""
    with _socket(family) as probe:
        probe.bind(where)
        probe.listen(1)


def _holder(family: socket.AddressFamily, where: tuple[str, int]) -> socket.socket:
    """Return a bound socket that never listens, so that the kernel gives it no connections."""
    holder = _socket(family)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(where)
        # Old connections of this port must not block it. While this option is set, others could
        # take the port before one of our processes listens.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        holder.close()
        raise
    return holder


def _socket(family: socket.AddressFamily) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
