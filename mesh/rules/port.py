"""Ports that must name one listener: the same rule for targets, matches and gateway routes."""

from collections.abc import Iterator

from mesh.finding import Finding
from mesh.keys import ResourceKey
from mesh.resource import Resource, Steps
from mesh.rules.wording import error, listing, phrase
from mesh.spec.common import GatewayPortMapping, PortMapping


def check_port(
    resource: Resource,
    steps: Steps,
    port: int | None,
    owner: ResourceKey,
    mappings: tuple[PortMapping, ...] | tuple[GatewayPortMapping, ...],
) -> Iterator[Finding]:
    """Yield a finding unless ``port`` means exactly one of the owner's listeners.

    ``steps`` is where the port stands, or would stand. An owner without listeners breaks a rule of
    its own and is passed over.
    """
    if not mappings or (port is None and len(mappings) == 1):
        return
    has = f"{phrase(owner)} listens on {listing(mappings)}"
    if port is None:
        yield error(
            resource,
            steps,
            "ambiguous-port",
            f"{has}, and no port says which is meant",
            f"add port: {mappings[0].port}, or another of them",
        )
    elif all(mapping.port != port for mapping in mappings):
        yield error(
            resource,
            steps,
            "unknown-port",
            f"{phrase(owner)} has no listener on port {port}",
            f"it listens on {listing(mappings)}",
        )
