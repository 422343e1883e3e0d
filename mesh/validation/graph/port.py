"""Rule for ports: each must select one listener. Used for targets, matches and gateway routes."""

from collections.abc import Callable, Iterator, Sequence

from mesh.graph.finding import Finding, error, kind_words, listing, phrase
from mesh.graph.protocols import can_take
from mesh.keys import ResourceKey
from mesh.resource import Resource, Steps
from mesh.spec.common import GatewayPortMapping, PortMapping

Mappings = tuple[PortMapping, ...] | tuple[GatewayPortMapping, ...]


def check_port(
    resource: Resource,
    steps: Steps,
    port: int | None,
    owner: ResourceKey,
    mappings: Mappings,
    protocol: str,
    fits: Callable[[str, str], bool] = can_take,
) -> Iterator[Finding]:
    """Yield a finding unless ``port`` selects exactly one of the owner's listeners.

    ``steps`` is the position of the port in the document, or the position where it is missing. An
    owner without listeners is skipped: another rule reports it. ``protocol`` is that of the route,
    and ``fits`` tells which listeners support it; the hint lists only those.
    """
    if not mappings or (port is None and len(mappings) == 1):
        return
    has = f"{phrase(owner)} listens on {listing(mappings)}"
    ports = fitting_ports(mappings, protocol, fits)
    if port is None:
        message = f"{has}, but no port selects one of them"
        hint = _choice(mappings, ports, owner, protocol)
        yield error(resource, steps, "ambiguous-port", message, hint)
    elif all(mapping.port != port for mapping in mappings):
        message = f"{phrase(owner)} has no listener on port {port}"
        hint = f"it listens on {listing(mappings)}"
        if 0 < len(ports) < len(mappings):
            hint += f"; set {_fitting(ports, protocol)}"
        yield error(resource, steps, "unknown-port", message, hint)


def fitting_ports(
    mappings: Mappings, protocol: str, fits: Callable[[str, str], bool] = can_take
) -> list[int]:
    """Return the ports with that protocol; if there are none, the ports that support it.

    Without duplicates, in declared order.
    """
    same = [each.port for each in mappings if each.protocol == protocol]
    able = [each.port for each in mappings if fits(each.protocol, protocol)]
    return list(dict.fromkeys(same or able))


def remedy(
    owner: ResourceKey,
    mappings: Mappings,
    found: PortMapping | GatewayPortMapping,
    protocol: str,
) -> str:
    """Return a hint: how to make a route and its listener use the same protocol."""
    same = [each.port for each in mappings if each.protocol == protocol]
    if same:
        return f"set port: {same[0]}, which is for {protocol}"
    return (
        f"write it as {found.protocol}Route, or change the protocol of the listener on port "
        f"{found.port} of the {kind_words(owner.kind)} to {protocol}"
    )


def _choice(mappings: Mappings, ports: Sequence[int], owner: ResourceKey, protocol: str) -> str:
    if not ports:
        return f"none of them fits a route for {protocol}: give {phrase(owner)} a listener for it"
    if len(ports) == len(mappings):
        return f"add port: {ports[0]}, or another of them"
    return f"add port: {_fitting(ports, protocol)}"


def _fitting(ports: Sequence[int], protocol: str) -> str:
    verb = "fits" if len(ports) == 1 else "fit"
    return f"{' or '.join(map(str, ports))}, which {verb} a route for {protocol}"
