"""Redirection of an application's connections to its proxy, as an nftables ruleset. Pure.

The ruleset does what App Mesh's sidecars did with iptables: an outbound connection goes to the
proxy's egress port unless it is excluded; an inbound connection goes to the ingress port if it is
for one of the application's ports.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Final, TypeAlias

from mesh.errors import UsageError

Network: TypeAlias = IPv4Network | IPv6Network

TABLE: Final = "inet gitmesh"
"""Name of gitmesh's nftables table; other tables of the machine stay unchanged."""

PROXY_UID: Final = 1337
INGRESS_PORT: Final = 15000
EGRESS_PORT: Final = 15001
ALWAYS_IGNORED: Final = 22
"""Ports that are never redirected (SSH), so that a mistake does not prevent a login."""
METADATA_SERVICES: Final = (IPv4Network("169.254.169.254"), IPv4Network("169.254.170.2"))
"""Addresses at which AWS machines and tasks get credentials."""


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """A port, or an inclusive range of ports.

    :raises UsageError: a port is invalid, or the range runs backwards.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= 65535:
            raise UsageError(
                f"{self} is neither a port nor a range of ports", hint="ports are 1 to 65535"
            )

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last


@dataclass(frozen=True, slots=True)
class Interception:
    """Traffic that is redirected to a proxy, with its exceptions."""

    app_ports: tuple[Ports, ...] = ()
    """The application's ports; connections to other ports bypass the proxy."""
    ignore_uid: int | None = PROXY_UID
    ignore_gid: int | None = None
    """Group id whose connections are excluded: the proxy's group."""
    ingress_port: int = INGRESS_PORT
    egress_port: int = EGRESS_PORT
    egress_ignored_ports: tuple[Ports, ...] = ()
    """Destination ports that are excluded, in addition to port 22."""
    egress_ignored_ip: tuple[Network, ...] = METADATA_SERVICES
    enable_ipv6: bool = False
    start_enabled: bool = True
    """False disables all redirects."""

    def __post_init__(self) -> None:
        if self.ignore_uid is None and self.ignore_gid is None:
            raise UsageError(
                "no user or group is ignored, so the proxy's own connections would be "
                "redirected to it",
                hint="give the user or the group that the proxy runs as",
            )
        if self.ingress_port == self.egress_port:
            raise UsageError(f"ingress and egress share the port {self.ingress_port}")
        for port in (self.ingress_port, self.egress_port):
            if any(port in each for each in self.app_ports):
                raise UsageError(f"the port {port} is the proxy's, not the application's")


def ruleset(interception: Interception) -> str:
    """Return the input for ``nft -f``. It replaces an earlier ruleset atomically.

    Every value is a parsed number or address, so no outside text reaches the ruleset.
    """
    lines = ["#!/usr/sbin/nft -f", *_fresh_table()]
    if not interception.start_enabled:
        return "\n".join([*lines, "# Interception is not enabled: nothing is redirected.", ""])
    lines += [f"table {TABLE} {{", *_chain("egress", "output", _egress(interception))]
    if interception.app_ports:
        lines += ["", *_chain("ingress", "prerouting", _ingress(interception))]
    return "\n".join([*lines, "}", ""])


def removal() -> str:
    """Return the input for ``nft -f`` that removes the ruleset, whether or not it exists."""
    return "\n".join(["#!/usr/sbin/nft -f", *_fresh_table()[1:], ""])


def _fresh_table() -> list[str]:
    return [
        "# Written by gitmesh intercept. To take it away: gitmesh intercept --remove | nft -f -",
        f"table {TABLE}",
        f"delete table {TABLE}",
    ]


def _chain(name: str, hook: str, rules: Iterable[str]) -> Iterator[str]:
    yield f"\tchain {name} {{"
    yield f"\t\ttype nat hook {hook} priority -100; policy accept;"
    yield from (f"\t\t{rule}" for rule in rules)
    yield "\t}"


def _egress(interception: Interception) -> Iterator[str]:
    yield from _families(interception)
    yield "fib daddr type local return"
    if interception.ignore_uid is not None:
        yield f"meta skuid {interception.ignore_uid} return"
    if interception.ignore_gid is not None:
        yield f"meta skgid {interception.ignore_gid} return"
    left_alone = (Ports(ALWAYS_IGNORED, ALWAYS_IGNORED), *interception.egress_ignored_ports)
    yield f"tcp dport {_set(_merged(left_alone))} return"
    yield from _ignored_networks(interception)
    yield f"meta l4proto tcp redirect to :{interception.egress_port}"


def _ingress(interception: Interception) -> Iterator[str]:
    yield from _families(interception)
    yield "fib saddr type local return"
    ports = _set(_merged(interception.app_ports))
    yield f"tcp dport {ports} redirect to :{interception.ingress_port}"


def _families(interception: Interception) -> Iterator[str]:
    if not interception.enable_ipv6:
        yield "meta nfproto != ipv4 return"


def _ignored_networks(interception: Interception) -> Iterator[str]:
    """Yield a rule for each address family. nftables refuses networks that contain one another."""
    found = interception.egress_ignored_ip
    if four := [each for each in found if isinstance(each, IPv4Network)]:
        yield f"ip daddr {_set(collapse_addresses(four))} return"
    six = [each for each in found if isinstance(each, IPv6Network)]
    if six and interception.enable_ipv6:
        yield f"ip6 daddr {_set(collapse_addresses(six))} return"


def _set(elements: Iterable[Ports | Network]) -> str:
    return f"{{ {', '.join(map(_element, elements))} }}"


def _element(element: Ports | Network) -> str:
    return str(element).removesuffix("/32" if isinstance(element, IPv4Network) else "/128")


def _merged(ports: Iterable[Ports]) -> list[Ports]:
    """Return sorted ranges that neither overlap nor touch; nftables refuses overlapping ranges."""
    merged: list[Ports] = []
    for each in sorted(ports):
        if merged and each.first <= merged[-1].last + 1:
            merged[-1] = Ports(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return merged
