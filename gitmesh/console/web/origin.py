"""Origin of a request: the host that it names, and the site that sent it. Pure.

A page of another site can reach a server on this machine by a name of its own that resolves to
127.0.0.1 (DNS rebinding). So only known host names are answered.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Hosts:
    """The values of the ``Host`` header with which a request is accepted; others are refused."""

    names: frozenset[str]
    """Configured names, in lower case, without a port."""
    loopback: bool
    """True if names and addresses of this machine are answered, too."""

    def includes(self, host: str) -> bool:
        """Tell whether the value of a Host header is one of them."""
        name = host_name(host)
        if name is None:
            return False
        return name in self.names or (self.loopback and is_loopback(name))


def host_name(host: str) -> str | None:
    """Return the name in ``name:port`` in lower case; ``None`` if it is malformed."""
    try:
        found = urlsplit(f"//{host}")
        if found.netloc != host or "@" in host or found.port == 0:
            return None
        return found.hostname
    except ValueError:
        return None


def is_loopback(name: str) -> bool:
    """Tell whether a host name is one of this machine alone."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_same_origin(headers: Mapping[str, str], scheme: str) -> bool:
    """Tell whether a request that changes something was sent by one of our own pages.

    Browsers say so in ``Sec-Fetch-Site``; older ones in ``Origin``. Without either, it is no
    browser, and the CSRF token alone decides.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin == f"{scheme}://{headers.get('host', '')}"


def is_surely_ours(headers: Mapping[str, str]) -> bool:
    """Tell whether the browser itself says that one of our own pages sent a request."""
    return headers.get("sec-fetch-site") == "same-origin"


def is_of_script(headers: Mapping[str, str]) -> bool:
    """Tell whether a script of an open page sent a request, to replace a part of that page."""
    return headers.get("hx-request") == "true"


MOST_PATH: Final = 6_000
"""Longest path, with its query, that a redirect leads to; a request line may hold 8,192 bytes."""


def local_path(text: str, default: str = "/") -> str:
    """Return a path of this console that a redirect may lead to; ``default`` for anything else."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\"))
    visible = all(" " < character < "\x7f" and character != "\\" for character in text)
    return text if plain and visible and len(text) <= MOST_PATH else default
