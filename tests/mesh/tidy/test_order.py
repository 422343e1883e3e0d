"""The reading order follows the tables of meanings, and equals the former order."""

from itertools import chain

import pytest

from mesh.keys import Kind
from mesh.meaning import Field, fields_of, root_of
from mesh.parsing.identity import name_fields
from mesh.tidy.order import in_reading_order

FORMER = (
    *("kind", "meshName", "virtualRouterName", "virtualGatewayName", "virtualNodeName"),
    *("virtualServiceName", "routeName", "gatewayRouteName", "namespaceName", "serviceName"),
    *("meshOwner", "tags", "spec"),
    *("egressFilter", "provider", "serviceDiscovery", "listeners", "portMapping"),
    *("priority", "httpRoute", "http2Route", "grpcRoute", "tcpRoute", "name", "match", "action"),
    *("prefix", "path", "hostname", "id", "attributes"),
    *("responseType", "ipPreference", "methodName", "method", "scheme", "headers", "metadata"),
    *("queryParameters", "weightedTargets", "rewrite", "target", "virtualService"),
    *("virtualNode", "virtualRouter"),
    *("key", "port", "protocol", "invert", "exact", "regex", "suffix", "range"),
    *("start", "end", "value", "unit", "weight", "defaultPrefix", "defaultTargetHostname"),
    *("timeout", "perRequest", "idle", "retryPolicy", "maxRetries", "perRetryTimeout"),
    *("httpRetryEvents", "grpcRetryEvents", "tcpRetryEvents", "connectionPool", "healthCheck"),
    *("intervalMillis", "timeoutMillis", "healthyThreshold", "unhealthyThreshold"),
    *("outlierDetection", "maxServerErrors", "interval", "baseEjectionDuration"),
    "maxEjectionPercent",
    *("tls", "mode", "enforce", "ports", "certificate", "validation", "trust"),
    *("subjectAlternativeNames", "acm", "file", "sds"),
    *("backendDefaults", "backends", "clientPolicy", "logging", "accessLog", "format"),
)
"""The list that the tables replaced. Files that were formatted with it must stay as they are."""


def below(parent: Field) -> list[Field]:
    return [parent, *chain.from_iterable(below(inner) for inner in fields_of(parent))]


def ordered(names: list[str]) -> list[str]:
    return [name for name, _ in in_reading_order((name, None) for name in names)]


@pytest.mark.parametrize("kind", Kind)
def test_files_that_were_formatted_before_stay_as_they_are(kind: Kind) -> None:
    objects = [[field.name for field in fields_of(parent)] for parent in below(root_of(kind))]
    objects.append(["spec", "tags", "meshOwner", *reversed(name_fields(kind)), "kind"])
    assert any(len(names) > 1 for names in objects)
    for names in objects:
        known = [name for name in names if name in FORMER]
        now = [name for name in ordered(names) if name in FORMER]
        assert now == sorted(known, key=FORMER.index)


@pytest.mark.parametrize("kind", Kind)
def test_a_field_of_a_model_has_its_place_whatever_order_it_is_written_in(kind: Kind) -> None:
    for parent in below(root_of(kind)):
        names = [field.name for field in fields_of(parent)]
        assert ordered(names) == ordered(names[::-1])


def test_unknown_fields_are_last_in_the_order_they_are_written_in() -> None:
    assert ordered(["zebra", "spec", "ant", "meshName"]) == ["meshName", "spec", "zebra", "ant"]
