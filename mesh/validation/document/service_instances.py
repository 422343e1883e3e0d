"""Rules of service instances: each needs an id and an address that can be dialled."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.service_instances import IPV4, IPV6, PORT, ServiceInstance, ServiceInstancesSpec
from mesh.validation.document.place import Place

_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_MAX_PORT: Final = 65535
_MAX_KEY: Final = 255


def service_instances(spec: ServiceInstancesSpec, at: Place) -> Iterator[Problem]:
    """Return the problems of a service's instances."""
    first: dict[str, int] = {}
    for index, instance in enumerate(spec.instances):
        here = at / "instances" / index
        earlier = first.setdefault(instance.id, index)
        if earlier != index:
            message = f'"{instance.id}" is already the id of instance {earlier}'
            yield (here / "id").error(
                "duplicate-instance", message, "give each instance its own id"
            )
        yield from _instance(instance, here / "attributes")


def _instance(instance: ServiceInstance, at: Place) -> Iterator[Problem]:
    attributes = instance.attributes
    for key in attributes:
        if not 1 <= len(key) <= _MAX_KEY:
            message = f"the name of an attribute has 1 to {_MAX_KEY} characters, not {len(key)}"
            yield (at / key).error("wrong-length", message)
    yield from _addresses(attributes, at)
    port = attributes.get(PORT)
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        message = f'"{port}" is not a port'
        yield (at / PORT).error("out-of-range", message, f"a port is 1 to {_MAX_PORT}")


def _addresses(attributes: Mapping[str, str], at: Place) -> Iterator[Problem]:
    if IPV4 not in attributes and IPV6 not in attributes:
        message = "the instance has no address"
        yield at.error("instance-without-address", message, f"add {IPV4}, {IPV6} or both")
    if IPV4 in attributes:
        yield from _address(attributes[IPV4], IPv4Address, at / IPV4)
    if IPV6 in attributes:
        yield from _address(attributes[IPV6], IPv6Address, at / IPV6)


def _address(
    text: str, version: type[IPv4Address] | type[IPv6Address], at: Place
) -> Iterator[Problem]:
    name = "IPv4" if version is IPv4Address else "IPv6"
    try:
        address = version(text)
    except ValueError:
        hint = "write an IP address: Envoy does not resolve names of instances"
        yield at.error("bad-address", f'"{text}" is not an {name} address', hint)
        return
    if address.is_unspecified or address.is_multicast or "%" in text:
        message = f'"{text}" is not the address of one instance'
        yield at.error("bad-address", message, "write the address to which callers connect")
