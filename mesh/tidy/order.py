"""Reading order of a spec's fields: identity, then matching, then action."""

from collections.abc import Iterable
from typing import Final, TypeVar

_T = TypeVar("_T")

_READING: Final = (
    # who it is
    *("kind", "meshName", "virtualRouterName", "virtualGatewayName", "virtualNodeName"),
    *("virtualServiceName", "routeName", "gatewayRouteName", "namespaceName", "serviceName"),
    *("meshOwner", "tags", "spec"),
    # where it is found, and where it listens
    *("egressFilter", "provider", "serviceDiscovery", "listeners", "portMapping"),
    # a route: when it is tried, on what, to where
    *("priority", "httpRoute", "http2Route", "grpcRoute", "tcpRoute", "name", "match", "action"),
    *("prefix", "path", "hostname", "id", "attributes"),
    *("responseType", "ipPreference", "methodName", "method", "scheme", "headers", "metadata"),
    *("queryParameters", "weightedTargets", "rewrite", "target", "virtualService"),
    *("virtualNode", "virtualRouter"),
    # small things
    *("key", "port", "protocol", "invert", "exact", "regex", "suffix", "range"),
    *("start", "end", "value", "unit", "weight", "defaultPrefix", "defaultTargetHostname"),
    # how it is carried
    *("timeout", "perRequest", "idle", "retryPolicy", "maxRetries", "perRetryTimeout"),
    *("httpRetryEvents", "grpcRetryEvents", "tcpRetryEvents", "connectionPool", "healthCheck"),
    *("intervalMillis", "timeoutMillis", "healthyThreshold", "unhealthyThreshold"),
    *("outlierDetection", "maxServerErrors", "interval", "baseEjectionDuration"),
    "maxEjectionPercent",
    # whom it trusts
    *("tls", "mode", "enforce", "ports", "certificate", "validation", "trust"),
    *("subjectAlternativeNames", "acm", "file", "sds"),
    # what it calls, what it writes
    *("backendDefaults", "backends", "clientPolicy", "logging", "accessLog", "format"),
)
_RANK: Final = {name: rank for rank, name in enumerate(_READING)}


def in_reading_order(keyed: Iterable[tuple[str, _T]]) -> list[tuple[str, _T]]:
    """Return the members of an object in reading order; unknown ones last, in their given order."""
    return sorted(keyed, key=lambda pair: _RANK.get(pair[0], len(_RANK)))
