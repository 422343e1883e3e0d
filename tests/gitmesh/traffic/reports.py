"""Reports for tests of the record of traffic."""

from xds.reports.counts import Counts, latency_of
from xds.reports.measured import Measured, Source

WEB, GATEWAY = "mesh/shop/virtualNode/web", "mesh/shop/virtualGateway/door"
V1, V2 = "mesh/shop/virtualNode/v1", "mesh/shop/virtualNode/v2"
COMMIT = "c" * 40


def cluster(node: str, port: int = 8080, protocol: str = "http") -> str:
    """Return the name of the cluster of a node of ``shop``."""
    return f"cds_egress_shop_{node.rpartition('/')[2]}_{protocol}_{port}"


def counts(requests: int, errors: int = 0, *, ms: float = 5) -> Counts:
    """Return counts of requests, each of which took this time."""
    return Counts(
        requests=requests, server_errors=errors, latency=latency_of([(ms, requests)], requests)
    )


def report(
    at_s: float,
    caller: str = WEB,
    *,
    proxy: str = "ipv4:127.0.0.1:1",
    commit: str = COMMIT,
    source: Source = Source.METRICS,
    **clusters: Counts,
) -> Measured:
    """Return a report about nodes of ``shop``."""
    named = tuple((cluster(node), found) for node, found in clusters.items())
    at_ns = round(at_s * 1e9)
    return Measured(caller, proxy, source.value, at_ns - 10**10, at_ns, commit, named)
