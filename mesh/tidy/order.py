"""Reading order of a spec's fields: identity, then matching, then action."""

from collections.abc import Iterable
from typing import Final, TypeVar

_T = TypeVar("_T")

_READING: Final = (
    # identity
    *("kind", "meshName", "virtualRouterName", "virtualGatewayName", "virtualNodeName"),
    *("virtualServiceName", "routeName", "gatewayRouteName", "namespaceName", "serviceName"),
    *("meshOwner", "tags", "spec"),
    # discovery and listeners
    *("egressFilter", "provider", "serviceDiscovery", "listeners", "portMapping"),
    # routes: priority, match, action
    *("priority", "httpRoute", "http2Route", "grpcRoute", "tcpRoute", "name", "match", "action"),
    *("prefix", "path", "hostname", "id", "attributes"),
    *("responseType", "ipPreference", "methodName", "method", "scheme", "headers", "metadata"),
    *("queryParameters", "weightedTargets", "rewrite", "target", "virtualService"),
    *("virtualNode", "virtualRouter"),
    # small values
    *("key", "port", "protocol", "invert", "exact", "regex", "suffix", "range"),
    *("start", "end", "value", "unit", "weight", "defaultPrefix", "defaultTargetHostname"),
    # connection settings
    *("timeout", "perRequest", "idle", "retryPolicy", "maxRetries", "perRetryTimeout"),
    *("httpRetryEvents", "grpcRetryEvents", "tcpRetryEvents", "connectionPool", "healthCheck"),
    *("intervalMillis", "timeoutMillis", "healthyThreshold", "unhealthyThreshold"),
    *("outlierDetection", "maxServerErrors", "interval", "baseEjectionDuration"),
    "maxEjectionPercent",
    # TLS trust
    *("tls", "mode", "enforce", "ports", "certificate", "validation", "trust"),
    *("subjectAlternativeNames", "acm", "file", "sds"),
    # backends and logging
    *("backendDefaults", "backends", "clientPolicy", "logging", "accessLog", "format"),
)
_RANK: Final = {name: rank for rank, name in enumerate(_READING)}


def in_reading_order(keyed: Iterable[tuple[str, _T]]) -> list[tuple[str, _T]]:
    """Return the members of an object in reading order; unknown ones last, in their given order."""
    return sorted(keyed, key=lambda pair: _RANK.get(pair[0], len(_RANK)))
