"""Authenticated identity of a client: the names in its certificate, and what they permit. Pure.

A certificate names the nodes whose proxies may use it, as URI or as DNS names:

- ``spiffe://<trust domain>/mesh/<mesh>/virtualNode/<name>``, or ``…/virtualGateway/<name>``
- ``<name>.virtualnode.<mesh>.<trust domain>``, or ``….virtualgateway.…``, if a trust domain is set,
  and if node and mesh names consist of lower-case letters, digits, ``-`` and ``_``: DNS ignores
  case, and a name with a dot would be ambiguous
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mesh.errors import UsageError
from mesh.keys import ResourceKey

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SPIFFE: Final = "spiffe://"
_SHOWN: Final = 3


class WrongPeer(UsageError):
    """A client asks for the configuration of a node that its certificate does not name."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The names in a client's certificate, which a trusted authority signed."""

    uris: tuple[str, ...]
    hosts: tuple[str, ...]
    """DNS names."""
    not_after: datetime

    def require(self, key: ResourceKey, trust_domain: str = "") -> None:
        """Check that this client may have the configuration of a node.

        :raises WrongPeer: the client's certificate does not name the node.
        """
        if self._is(key, trust_domain):
            return
        names = [name[:200] for name in (*self.uris, *self.hosts)]
        shown = ", ".join(names[:_SHOWN]) or "nobody"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise WrongPeer(
            f"the certificate is for {shown}{more}, not for {key}",
            hint=f"it must name {_SPIFFE}{trust_domain or '<trust domain>'}/{key}",
        )

    def _is(self, key: ResourceKey, trust_domain: str) -> bool:
        host = dns_name(key, trust_domain)
        return _spiffe(self.uris, str(key), trust_domain) or (
            host is not None and host in (name.lower() for name in self.hosts)
        )


def dns_name(key: ResourceKey, trust_domain: str) -> str | None:
    """Return the DNS name of a node, or ``None`` if it has none."""
    if not trust_domain or not all(_LABEL.fullmatch(part) for part in (key.name, key.mesh)):
        return None
    return f"{key.name}.{key.kind.segment}.{key.mesh}.{trust_domain}".lower()


def _spiffe(uris: Iterable[str], path: str, trust_domain: str) -> bool:
    for uri in uris:
        if not uri.startswith(_SPIFFE):
            continue
        domain, _, named = uri.removeprefix(_SPIFFE).partition("/")
        if named == path and domain and domain == (trust_domain or domain):
            return True
    return False
