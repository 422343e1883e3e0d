"""Rules of a gateway route in one document."""

import pytest

from mesh.reading.native import read_resources
from tests.support.one_document import GATEWAY_ROUTE, TO_SERVICE, gateway_http, seen

# Gateway routes


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("{prefix: /}", []),
        ("{path: {exact: /a}}", []),
        ("{hostname: {exact: shop.example}}", []),
        ("{hostname: {suffix: .example}, prefix: /a}", []),
        ("{hostname: {suffix: example.}}", []),
        ("{}", [("empty-match", "")]),
        ("{port: 2222}", [("implied-prefix", "")]),
        ("{prefix: /, path: {exact: /a}}", [("at-most-one", "")]),
        ("{prefix: /, method: CONNECT}", [("no-effect", ".method")]),
        ("{prefix: a}", [("bad-path", ".prefix")]),
        ("{prefix: /aws-appmesh/x}", [("reserved-name", ".prefix")]),
        ("{path: {exact: /aws-app-mesh}}", [("reserved-name", ".path.exact")]),
        ("{prefix: /aws}", []),
        ("{hostname: {}}", [("exactly-one", ".hostname")]),
        ("{hostname: {exact: a, suffix: b}}", [("exactly-one", ".hostname")]),
        ("{hostname: {exact: 'a b'}}", [("bad-hostname", ".hostname.exact")]),
        ("{hostname: {exact: 'a:80'}}", [("bad-hostname", ".hostname.exact")]),
        ("{hostname: {suffix: '*.example'}}", [("bad-hostname", ".hostname.suffix")]),
        ("{hostname: {suffix: .}}", [("bad-hostname", ".hostname.suffix")]),
        ("{prefix: /, headers: [{name: ' '}]}", [("bad-header-name", ".headers[0].name")]),
        (
            "{prefix: /, queryParameters: [{name: ''}]}",
            [("wrong-length", ".queryParameters[0].name")],
        ),
    ],
)
def test_what_an_http_gateway_route_matches(match: str, found: list[tuple[str, str]]) -> None:
    expected = [(code, f"httpRoute.match{where}") for code, where in found]
    assert seen(GATEWAY_ROUTE, gateway_http(match)) == expected


@pytest.mark.parametrize(
    ("match", "rewrite", "found"),
    [
        ("prefix: /a/", "prefix: {value: /b/}", []),
        ("prefix: /a/", "prefix: {defaultPrefix: DISABLED}", []),
        ("prefix: /a", "hostname: {defaultTargetHostname: DISABLED}", []),
        ("path: {exact: /a}", "path: {exact: /b}", []),
        ("path: {regex: /a}", "path: {exact: /b}, hostname: {}", []),
        ("hostname: {exact: a}", "prefix: {value: /b/}", []),
        ("prefix: /", "", [("at-least-one", "")]),
        (
            "prefix: /",
            "prefix: {value: /b/}, path: {exact: /b}",
            [("at-most-one", ""), ("rewrite-mismatch", ".path")],
        ),
        ("prefix: /", "prefix: {}", [("exactly-one", ".prefix")]),
        (
            "prefix: /",
            "prefix: {value: /b/, defaultPrefix: ENABLED}",
            [("exactly-one", ".prefix")],
        ),
        ("prefix: /", "prefix: {value: b/}", [("bad-path", ".prefix.value")]),
        ("prefix: /", "prefix: {value: /b}", [("bad-path", ".prefix.value")]),
        ("prefix: /", 'prefix: {value: "/b\\n/"}', [("control-character", ".prefix.value")]),
        ("path: {exact: /a}", "prefix: {value: /b/}", [("rewrite-mismatch", ".prefix")]),
        ("prefix: /", "path: {exact: /b}", [("rewrite-mismatch", ".path")]),
        ("path: {exact: /a}", "path: {}", [("missing-field", ".path")]),
        ("path: {exact: /a}", "path: {exact: b}", [("bad-path", ".path.exact")]),
    ],
)
def test_what_a_gateway_route_rewrites(
    match: str, rewrite: str, found: list[tuple[str, str]]
) -> None:
    spec = gateway_http(f"{{{match}}}", f"{TO_SERVICE}, rewrite: {{{rewrite}}}")
    expected = [(code, f"httpRoute.action.rewrite{where}") for code, where in found]
    assert seen(GATEWAY_ROUTE, spec) == expected


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("{serviceName: shop.Cart}", []),
        ("{hostname: {exact: a}}", []),
        ("{}", [("empty-match", "")]),
        ("{metadata: [{name: a}]}", [("implied-prefix", "")]),
        ("{serviceName: aws.appmesh.X}", [("reserved-name", ".serviceName")]),
        ("{serviceName: a/b}", [("bad-grpc-name", ".serviceName")]),
        ("{hostname: {exact: 'http://a'}}", [("bad-hostname", ".hostname.exact")]),
        ("{serviceName: a, metadata: [{name: ''}]}", None),
    ],
)
def test_what_a_grpc_gateway_route_matches(match: str, found: list[tuple[str, str]] | None) -> None:
    spec = f"{{grpcRoute: {{match: {match}, action: {{{TO_SERVICE}}}}}}}"
    if found is None:  # a matter of shape, told elsewhere
        assert read_resources("a.yaml", f"{GATEWAY_ROUTE}{spec}}}".encode()).resources == ()
        return
    expected = [(code, f"grpcRoute.match{where}") for code, where in found]
    assert seen(GATEWAY_ROUTE, spec) == expected
