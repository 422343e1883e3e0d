"""The commands that start the Envoy of a node."""

import shlex
from collections.abc import Iterable

from gitmesh.console.visit import Visit
from gitmesh.service.served import DEFAULT_XDS
from mesh.keys import Kind, ResourceKey

OF_PROXIES = (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY)


def start_command(key: ResourceKey, xds: str) -> str:
    """Return the command lines that write the bootstrap file of a node and start its Envoy.

    :param xds: the address of the server for proxies.
    """
    file = shlex.quote(f"{key.name}.json")
    words = ["gitmesh", "bootstrap", "--node", str(key)]
    words += ["--xds", xds] if xds != DEFAULT_XDS else []
    return f"{shlex.join(words)} > {file}\nenvoy -c {file} --use-dynamic-base-id"


def example_command(keys: Iterable[ResourceKey], xds: str) -> str:
    """Return these lines for some node that has proxies; empty if there is none."""
    found = next((key for key in keys if key.kind in OF_PROXIES), None)
    return "" if found is None else start_command(found, xds)


def readable_keys(visit: Visit) -> list[ResourceKey]:
    """Return all resources that the visitor may read."""
    names = visit.served.listing.names()
    return [key for _, key in names.keys if visit.caller.permission.may_read(key)]
