"""Series of traffic: a caller, a target, and a commit. Pure."""

import re
from typing import Final, NamedTuple

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from xds.reports.report import EGRESS

_PROTOCOLS: Final = "http|http2|grpc"
# A cluster for one backend's own policy has the service at its end. Statistics never have it.
_REST: Final = re.compile(rf"(.+)_({_PROTOCOLS})_(\d{{1,5}})")
_WITH_SERVICE: Final = re.compile(rf"(.+?)_({_PROTOCOLS})_(\d{{1,5}})_.+")


class Series(NamedTuple):
    """What a sum of traffic is about."""

    caller: str
    """Key of the virtual node or gateway whose proxies sent the requests."""
    target: str
    """Key of the virtual node that the requests were for."""
    protocol: str
    port: int
    commit: str
    """The commit by which the callers' proxies worked; empty if it changed within a report."""


def series_of(caller: str, cluster: str, commit: str) -> Series | None:
    """Return the series of an Envoy cluster in a caller's configuration.

    ``None`` if the cluster is no listener of a virtual node in the caller's mesh, or carries no
    requests (TCP).
    """
    try:
        mesh = ResourceKey.parse(caller).mesh
    except UsageError:
        return None
    prefix = f"{EGRESS}{mesh}_"
    if not cluster.startswith(prefix):
        return None
    rest = cluster.removeprefix(prefix)
    found = _REST.fullmatch(rest) or _WITH_SERVICE.fullmatch(rest)
    if found is None:
        return None
    node, protocol, port = found.groups()
    target = str(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, node))
    return Series(caller, target, protocol, int(port), commit)
