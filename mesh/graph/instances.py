"""Service instances: which ones belong to a virtual node, and the address of each."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from mesh.spec import ServiceInstancesSpec
from mesh.spec.common import IpPreference
from mesh.spec.service_instances import IPV4, IPV6, PORT, ServiceInstance
from mesh.spec.virtual_node import CloudMapServiceDiscovery

_DIGITS: Final = 5


def matching(
    discovery: CloudMapServiceDiscovery, registered: ServiceInstancesSpec
) -> tuple[ServiceInstance, ...]:
    """Return the instances with every required attribute, in declared order."""
    asked = [(each.key, each.value) for each in discovery.attributes or ()]
    return tuple(
        instance
        for instance in registered.instances
        if all(instance.has(key, value) for key, value in asked)
    )


def address(instance: ServiceInstance, preference: IpPreference | None) -> str | None:
    """Return an instance's address, or None if it has none of the required IP version.

    Without a preference, IPv4 comes first, as in App Mesh.
    """
    ipv4 = _canonical(instance.attributes.get(IPV4), IPv4Address)
    ipv6 = _canonical(instance.attributes.get(IPV6), IPv6Address)
    match preference:
        case "IPv4_ONLY":
            return ipv4
        case "IPv6_ONLY":
            return ipv6
        case "IPv6_PREFERRED":
            return ipv6 or ipv4
        case _:
            return ipv4 or ipv6


def port(instance: ServiceInstance) -> int | None:
    """Return the port that an instance is registered with, or None."""
    found = instance.attributes.get(PORT, "")
    return int(found) if found.isascii() and found.isdigit() and len(found) <= _DIGITS else None


def _canonical(text: str | None, version: type[IPv4Address] | type[IPv6Address]) -> str | None:
    """Return an address in the standard library's spelling, so that equal addresses are one
    endpoint."""
    try:
        return None if text is None else str(version(text))
    except ValueError:
        return None
