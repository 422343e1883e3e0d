"""Rules of a route in one document, and the positions of their problems."""

import pytest
import yaml

from mesh.canonical import Json, JsonObject
from tests.support.one_document import ROUTE, http, problems, seen

# Routes


@pytest.mark.parametrize("protocol", ["httpRoute", "http2Route"])
@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("{prefix: /}", []),
        ("{path: {exact: /a}}", []),
        ("{path: {regex: '/a.*'}}", []),
        ("{prefix: /, path: {exact: /a}}", [("at-most-one", "")]),
        ("{}", [("empty-match", "")]),
        ("{port: 80}", [("implied-prefix", "")]),
        ("{prefix: /, method: CONNECT}", [("no-effect", ".method")]),
        ("{prefix: /, method: TRACE}", []),
        ("{prefix: cart}", [("bad-path", ".prefix")]),
        ("{prefix: ''}", [("bad-path", ".prefix")]),
        ("{prefix: '/a?b'}", [("bad-path", ".prefix")]),
        ('{prefix: "/a\\r"}', [("control-character", ".prefix")]),
        ("{path: {}}", [("exactly-one", ".path")]),
        ("{path: {exact: /a, regex: /a}}", [("exactly-one", ".path")]),
        ("{path: {exact: a}}", [("bad-path", ".path.exact")]),
        ("{path: {regex: '/a(?!b)'}}", [("bad-regex", ".path.regex")]),
        ("{path: {regex: '(a)\\1'}}", [("bad-regex", ".path.regex")]),
        ("{path: {regex: '['}}", [("bad-regex", ".path.regex")]),
        ("{path: {regex: '((a{100}){100}){100}'}}", [("bad-regex", ".path.regex")]),
        ("{path: {regex: 'a{999}'}}", [("bad-regex", ".path.regex")]),
        ("{path: {regex: 'a{900}'}}", []),
        ("{prefix: /, headers: [{name: x-a}]}", []),
        ("{prefix: /, headers: [{name: ':method', match: {exact: GET}}]}", []),
        ("{prefix: /, headers: [{name: ':Path'}]}", []),
        ("{prefix: /, headers: [{name: ':status'}]}", [("bad-header-name", ".headers[0].name")]),
        (
            "{prefix: /, headers: [{name: x-a}, {name: 'x a'}]}",
            [("bad-header-name", ".headers[1].name")],
        ),
        ("{prefix: /, headers: [{name: 'x:'}]}", [("bad-header-name", ".headers[0].name")]),
        ("{prefix: /, headers: [{name: é}]}", [("bad-header-name", ".headers[0].name")]),
        (
            '{prefix: /, headers: [{name: a, match: {exact: "a\\nb"}}]}',
            [("control-character", ".headers[0].match.exact")],
        ),
        ('{prefix: /, headers: [{name: a, match: {prefix: "a\\tb"}}]}', []),
        (
            '{prefix: /, headers: [{name: a, match: {suffix: "\\x7f"}}]}',
            [("control-character", ".headers[0].match.suffix")],
        ),
        (
            "{prefix: /, headers: [{name: a, match: {regex: '(?<=a)b'}}]}",
            [("bad-regex", ".headers[0].match.regex")],
        ),
        ("{prefix: /, headers: [{name: a, match: {range: {start: 1, end: 2}}}]}", []),
        (
            "{prefix: /, headers: [{name: a, match: {range: {start: 2, end: 2}}}]}",
            [("empty-range", ".headers[0].match.range")],
        ),
        (
            "{prefix: /, headers: [{name: a, match: {range: {start: 2, end: -2}}}]}",
            [("empty-range", ".headers[0].match.range")],
        ),
        ("{prefix: /, queryParameters: [{name: a, match: {exact: ''}}]}", []),
        (
            "{prefix: /, queryParameters: [{name: ''}]}",
            [("wrong-length", ".queryParameters[0].name")],
        ),
        (
            f"{{prefix: /, queryParameters: [{{name: {'é' * 513}}}]}}",
            [("wrong-length", ".queryParameters[0].name")],
        ),
    ],
)
def test_what_an_http_route_matches(
    protocol: str, match: str, found: list[tuple[str, str]]
) -> None:
    expected = [(code, f"{protocol}.match{where}") for code, where in found]
    assert seen(ROUTE, http(match, protocol)) == expected


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("{}", []),
        ("{serviceName: shop.Cart}", []),
        ("{serviceName: shop.Cart, methodName: Add}", []),
        ("{methodName: Add}", [("missing-field", "methodName")]),
        ("{serviceName: /shop.Cart}", [("bad-grpc-name", "serviceName")]),
        ("{serviceName: ''}", [("bad-grpc-name", "serviceName")]),
        ("{serviceName: a, methodName: b c}", [("bad-grpc-name", "methodName")]),
        ('{serviceName: "a\\x01"}', [("control-character", "serviceName")]),
        ("{metadata: [{name: a b}]}", [("bad-header-name", "metadata[0].name")]),
    ],
)
def test_what_a_grpc_route_matches(match: str, found: list[tuple[str, str]]) -> None:
    expected = [(code, f"grpcRoute.match.{where}") for code, where in found]
    assert seen(ROUTE, http(match, "grpcRoute")) == expected


@pytest.mark.parametrize("protocol", ["httpRoute", "http2Route", "grpcRoute", "tcpRoute"])
@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ([("a", 0), ("b", 1)], []),
        ([("a", 50), ("b", 50)], []),
        ([("a", 0)], [("zero-weights", "")]),
        ([("a", 0), ("b", 0)], [("zero-weights", "")]),
        ([("a", 60), ("b", 41)], [("weights-over-100", "")]),
        ([("a", 1), ("b", 1), ("a", 1)], [("duplicate-target", "[2]")]),
        ([("a", 1, 80), ("a", 1, 81), ("a", 1)], []),
        ([("a", 1, 80), ("a", 1, 80)], [("duplicate-target", "[1]")]),
    ],
)
def test_where_a_route_sends_traffic(
    protocol: str, targets: list[tuple[str, int]], found: list[tuple[str, str]]
) -> None:
    fields = ("virtualNode", "weight", "port")
    named: Json = [dict(zip(fields, target, strict=False)) for target in targets]
    match: JsonObject = {"match": {"prefix": "/"}} if "http" in protocol else {"match": {}}
    spec: JsonObject = {protocol: {**match, "action": {"weightedTargets": named}}}
    text = yaml.safe_dump(spec, default_flow_style=True, width=10_000).strip()
    expected = [(code, f"{protocol}.action.weightedTargets{where}") for code, where in found]
    assert seen(ROUTE, text) == expected


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("httpRetryEvents: [server-error, gateway-error, client-error, stream-error]", []),
        ("tcpRetryEvents: [connection-error]", []),
        ("httpRetryEvents: null", [("no-retry-event", "")]),
        ("httpRetryEvents: [server-eror]", [("not-one-of", ".httpRetryEvents[0]")]),
        ("tcpRetryEvents: [connection-error], maxRetries: 4294967295", []),
        (
            "tcpRetryEvents: [connection-error], maxRetries: 4294967296",
            [("out-of-range", ".maxRetries")],
        ),
        (
            "tcpRetryEvents: [connection-error], perRetryTimeout: {unit: s, value: 9223372037}",
            [("out-of-range", ".perRetryTimeout.value")],
        ),
    ],
)
@pytest.mark.parametrize("protocol", ["httpRoute", "http2Route", "grpcRoute"])
def test_when_a_route_tries_again(protocol: str, policy: str, found: list[tuple[str, str]]) -> None:
    given: JsonObject = {"maxRetries": 1, "perRetryTimeout": {"unit": "s", "value": 1}}
    given |= yaml.safe_load(f"{{{policy}}}")
    rest = f", retryPolicy: {yaml.safe_dump(given, default_flow_style=True, width=10_000).strip()}"
    match = "{}" if protocol == "grpcRoute" else "{prefix: /}"
    expected = [(code, f"{protocol}.retryPolicy{where}") for code, where in found]
    assert seen(ROUTE, http(match, protocol, rest)) == expected


def test_a_grpc_event_alone_is_enough_to_try_again() -> None:
    policy = "{maxRetries: 1, perRetryTimeout: {}, grpcRetryEvents: [unavailable]}"
    assert seen(ROUTE, http("{}", "grpcRoute", f", retryPolicy: {policy}")) == []


@pytest.mark.parametrize(
    ("protocol", "events", "codes"),
    [
        ("httpRoute", "httpRetryEvents: [stream-error]", ["no-effect"]),
        ("http2Route", "httpRetryEvents: [stream-error]", []),
        ("httpRoute", "httpRetryEvents: [stream-error, server-error]", []),
        ("httpRoute", "httpRetryEvents: [stream-error], tcpRetryEvents: [connection-error]", []),
    ],
)
def test_http_1_has_no_streams_that_are_refused(
    protocol: str, events: str, codes: list[str]
) -> None:
    policy = f", retryPolicy: {{maxRetries: 1, perRetryTimeout: {{value: 1, unit: s}}, {events}}}"
    found = seen(ROUTE, http("{prefix: /}", protocol, policy))
    assert found == [(code, f"{protocol}.retryPolicy.httpRetryEvents") for code in codes]


def test_a_misspelt_retry_event_has_a_hint() -> None:
    policy = "{maxRetries: 1, perRetryTimeout: {}, httpRetryEvents: [server-eror]}"
    (problem,) = problems(ROUTE, http("{prefix: /}", rest=f", retryPolicy: {policy}"))
    assert 'did you mean "server-error"?' in problem.hint


@pytest.mark.parametrize(
    ("timeout", "found"),
    [
        ("{idle: {unit: ms, value: 9223372036000}}", []),
        ("{idle: {unit: s, value: 0}, perRequest: {}}", []),
        ("{idle: {unit: ms, value: 9223372036001}}", ["idle"]),
        ("{perRequest: {value: 9223372036854775807}}", ["perRequest"]),
    ],
)
def test_a_timeout_fits_the_clock_of_envoy(timeout: str, found: list[str]) -> None:
    expected = [("out-of-range", f"httpRoute.timeout.{name}.value") for name in found]
    assert seen(ROUTE, http("{prefix: /}", rest=f", timeout: {timeout}")) == expected
