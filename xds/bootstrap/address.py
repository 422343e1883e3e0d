"""Parsing of addresses: ``host:port``, ``[::1]:port`` and ``unix:path``. Pure."""

import ipaddress
from typing import Final

from mesh.errors import UsageError

UNIX: Final = "unix:"
"""Prefix of the address of a Unix socket."""

_MOST: Final = 65_535
_LONGEST_PATH: Final = 107
"""Maximum length of a path in ``sockaddr_un`` on Linux; Envoy and gRPC refuse longer paths."""
_FORM: Final = "write host:port, 127.0.0.1:18000 or [::1]:18000"
_SOCKET_FORM: Final = "write unix:path, or unix:///run/gitmesh.sock"


def host_and_port(address: str) -> tuple[str, int]:
    """Parse an address to connect to; the brackets of an IPv6 address are removed.

    :raises UsageError: the text is not ``host:port``, or the port is not between 1 and 65535.
    """
    host, port = _split(address, _FORM)
    if port == 0:
        raise _refusal(address, _FORM)
    return host, port


def where_to_listen(address: str) -> tuple[str, int] | None:
    """Parse an address to listen on; ``None`` for a Unix socket. Port 0 means any free port.

    :raises UsageError: the text is neither ``host:port`` nor ``unix:path``.
    """
    form = f"{_FORM}, or unix:path; ports are 0 to {_MOST}, and 0 is any free one"
    if address == UNIX:
        raise _refusal(address, form)
    return _split(address, form) if socket_path(address) is None else None


def socket_path(address: str) -> str | None:
    """Return the path of a Unix socket; ``None`` if the address is not one.

    Both ``unix:PATH`` and gRPC's ``unix:///PATH`` are accepted. Envoy takes a path that begins with
    ``@`` for an abstract socket, so ``./`` is put before it.

    :raises UsageError: there is no path, or it is too long for a socket.
    """
    if not address.startswith(UNIX):
        return None
    path = address.removeprefix(UNIX)
    if path.startswith("//"):
        path = path.removeprefix("//")
        if not path.startswith("/"):
            raise _refusal(address, _SOCKET_FORM)
    if not path or "\0" in path:
        raise _refusal(address, _SOCKET_FORM)
    if len(path.encode()) > _LONGEST_PATH:
        raise UsageError(
            f"{address}: the path of a socket has at most {_LONGEST_PATH} bytes, this one has "
            f"{len(path.encode())}",
            hint="use a shorter path, such as one in /run",
        )
    return f"./{path}" if path.startswith("@") else path


def is_ip(host: str) -> bool:
    """Return whether this is an IP address, not a host name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _split(address: str, form: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    # Without brackets it is ambiguous where an IPv6 address ends and its port begins.
    well_formed = is_ip(bare) if bare != host else not set(host) & set("[]:/ ")
    known = port.isdecimal() and port.isascii() and len(port) <= len(str(_MOST))
    if not bare or not well_formed or not known or int(port) > _MOST:
        raise _refusal(address, form)
    return bare, int(port)


def _refusal(address: str, form: str) -> UsageError:
    return UsageError(f"{address!r} is not an address", hint=form)
