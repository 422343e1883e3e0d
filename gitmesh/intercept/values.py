"""Parsing of interception settings from options and from App Mesh's variables.

Each value is a number, an address or a switch; other values are refused, with the name of their
option or variable.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final, TypeAlias, TypeVar

from gitmesh.intercept.ruleset import Interception, Network, Ports
from mesh.errors import UsageError

T = TypeVar("T")

_LARGEST_ID: Final = 2**32 - 2
"""Maximum id; the next number means "none" on Linux."""


def understood(options: Mapping[str, str | None], variables: Mapping[str, str]) -> Interception:
    """Return the interception that options and variables describe together.

    Both are keyed by the names of :class:`~gitmesh.intercept.ruleset.Interception`'s fields,
    variables in capitals and with App Mesh's own ``ENVOY_`` for the proxy's ports, without
    ``APPMESH_``. Options override variables; empty variables, and those that are not about
    interception, are ignored. An empty option is an empty list. If a group is ignored, users may be
    ignored, too, as in App Mesh.

    :raises UsageError: a value is invalid.
    """
    values = dict(_values(options, variables))
    if values.get("ignore_gid") is not None and "ignore_uid" not in values:
        values["ignore_uid"] = None
    return Interception(**values)


def variable(field: str) -> str:
    """Return the name of App Mesh's variable for a field, without ``APPMESH_``."""
    return ("ENVOY_" if field in ("ingress_port", "egress_port") else "") + field.upper()


def _values(
    options: Mapping[str, str | None], variables: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    for field, read in _READ.items():
        text = options.get(field)
        if text is not None:
            yield field, _read(f"--{field.replace('_', '-')}", text, read)
        elif text := variables.get(variable(field)):
            yield field, _read(f"APPMESH_{variable(field)}", text, read)


def _read(name: str, text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{name}={text!r}: {error}") from None
    except UsageError as error:
        raise UsageError(f"{name}={text!r}: {error.message}", hint=error.hint) from None


def _number(text: str, largest: int) -> int:
    # int() alone would also take signs, underscores and the digits of every script there is.
    plain = text.strip()
    if not (plain.isascii() and plain.isdecimal()) or len(plain) > 10 or int(plain) > largest:
        raise ValueError(f"{plain!r} is not a whole number up to {largest}")
    return int(plain)


def _id(text: str) -> int | None:
    return _number(text, _LARGEST_ID) if text.strip() else None


def _port(text: str) -> int:
    number = _number(text, 65535)
    return Ports(number, number).first


def _switch(text: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise ValueError("write 1 or 0")
    return text.strip() == "1"


def _listed(text: str) -> list[str]:
    return text.split(",") if text.strip() else []


def _ports(text: str) -> tuple[Ports, ...]:
    return tuple(map(_range, _listed(text)))


def _range(text: str) -> Ports:
    # A colon is iptables' spelling of a range, a dash that of nftables.
    first, dash, last = text.replace(":", "-").partition("-")
    return Ports(_port(first), _port(last if dash else first))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(map(_network, _listed(text)))


def _network(text: str) -> Network:
    plain = text.strip()
    if "%" in plain:  # a zone is any text at all
        raise ValueError(f"{plain!r} is an address with a zone")
    try:
        return ip_network(plain, strict=False)
    except ValueError:
        raise ValueError(f"{plain!r} is neither an IP address nor a network") from None


_Reader: TypeAlias = Callable[[str], Any]

_READ: Final[Mapping[str, _Reader]] = {
    "start_enabled": _switch,
    "ignore_uid": _id,
    "ignore_gid": _id,
    "app_ports": _ports,
    "ingress_port": _port,
    "egress_port": _port,
    "egress_ignored_ip": _networks,
    "egress_ignored_ports": _ports,
    "enable_ipv6": _switch,
}
