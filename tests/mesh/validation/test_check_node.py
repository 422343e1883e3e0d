"""Rules of nodes, gateways, routers and services in one document."""

import pytest

from mesh.reading.native import read_resources
from tests.support.one_document import ACM_POLICY, GATEWAY, NODE, ROUTER, TLS_POLICY, seen

# Virtual nodes, gateways and routers

DNS = "serviceDiscovery: {dns: {hostname: cart.shop.local}}"
HEALTH = "healthyThreshold: 2, unhealthyThreshold: 2, intervalMillis: 5000, timeoutMillis: 2000"


def node(listener: str, protocol: str = "http") -> str:
    mapping = f"portMapping: {{port: 80, protocol: {protocol}}}"
    return f"{{{DNS}, listeners: [{{{mapping}, {listener}}}]}}"


@pytest.mark.parametrize(
    ("protocol", "listener", "found"),
    [
        ("http", "connectionPool: {http: {maxConnections: 1}}", []),
        (
            "http2",
            "connectionPool: {http: {maxConnections: 1}}",
            [("wrong-protocol", "connectionPool.http")],
        ),
        ("grpc", "connectionPool: {grpc: {maxRequests: 4294967295}}", []),
        (
            "grpc",
            "connectionPool: {grpc: {maxRequests: 4294967296}}",
            [("out-of-range", "connectionPool.grpc.maxRequests")],
        ),
        (
            "tcp",
            "connectionPool: {tcp: {maxConnections: 4294967296}}",
            [("out-of-range", "connectionPool.tcp.maxConnections")],
        ),
        (
            "http",
            "connectionPool: {http: {maxConnections: 1, maxPendingRequests: 4294967296}}",
            [("out-of-range", "connectionPool.http.maxPendingRequests")],
        ),
        ("tcp", "timeout: {tcp: {idle: {value: 1}}}", []),
        ("tcp", "timeout: {http: {idle: {value: 1}}}", [("wrong-protocol", "timeout.http")]),
        (
            "grpc",
            "timeout: {grpc: {perRequest: {value: 9223372037}}}",
            [("out-of-range", "timeout.grpc.perRequest.value")],
        ),
        ("http", f"healthCheck: {{{HEALTH}, protocol: http, path: /ping, port: 80}}", []),
        (
            "http",
            f"healthCheck: {{{HEALTH}, protocol: http, path: /ping, port: 81}}",
            [("wrong-port", "healthCheck.port")],
        ),
        ("http", f"healthCheck: {{{HEALTH}, protocol: http2}}", [("missing-field", "healthCheck")]),
        (
            "http",
            f"healthCheck: {{{HEALTH}, protocol: http, path: ping}}",
            [("bad-path", "healthCheck.path")],
        ),
        ("tcp", f"healthCheck: {{{HEALTH}, protocol: tcp}}", []),
        (
            "grpc",
            f"healthCheck: {{{HEALTH}, protocol: grpc, path: /ping}}",
            [("no-effect", "healthCheck.path")],
        ),
        (
            "http",
            "outlierDetection: {interval: {value: 0}, baseEjectionDuration: {},"
            " maxEjectionPercent: 0, maxServerErrors: 4294967296}",
            [
                ("out-of-range", "outlierDetection.baseEjectionDuration.value"),
                ("out-of-range", "outlierDetection.interval.value"),
                ("out-of-range", "outlierDetection.maxServerErrors"),
            ],
        ),
        (
            "http",
            "tls: {mode: PERMISSIVE, certificate: {sds: {secretName: a}}}",
            [],
        ),
        (
            "http",
            "tls: {mode: STRICT, certificate: {sds: {secretName: ''}},"
            " validation: {trust: {sds: {secretName: ''}}}}",
            [
                ("wrong-length", "tls.certificate.sds.secretName"),
                ("wrong-length", "tls.validation.trust.sds.secretName"),
            ],
        ),
        (
            "http",
            "tls: {mode: STRICT, certificate: {acm: {certificateArn: ''}}}",
            [("wrong-length", "tls.certificate.acm.certificateArn")],
        ),
        ("http", "tls: {mode: DISABLED, certificate: {sds: {secretName: a}}}", []),
    ],
)
def test_what_a_listener_says(protocol: str, listener: str, found: list[tuple[str, str]]) -> None:
    expected = [(code, f"listeners[0].{where}") for code, where in found]
    assert seen(NODE, node(listener, protocol)) == expected


PORT_80 = "{portMapping: {port: 80, protocol: http}}"
PORT_81 = "{portMapping: {port: 81, protocol: http}}"


@pytest.mark.parametrize(
    ("head", "spec"),
    [
        (NODE, f"{{{DNS}, listeners: [{PORT_80}, {PORT_81}, {PORT_80}]}}"),
        (GATEWAY, f"{{listeners: [{PORT_80}, {PORT_81}, {PORT_80}]}}"),
        (ROUTER, f"{{listeners: [{PORT_80}, {PORT_81}, {PORT_80}]}}"),
    ],
)
def test_no_two_listeners_share_a_port(head: str, spec: str) -> None:
    assert seen(head, spec) == [("duplicate-port", "listeners[2].portMapping.port")]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{}", []),
        (f"{{listeners: [{PORT_80}]}}", [("missing-service-discovery", "listeners")]),
        ("{listeners: []}", []),
        *[
            (f"{{serviceDiscovery: {{dns: {{hostname: '{name}'}}}}}}", [])
            for name in ("cart", "cart.shop.local.", "my_cart.local", "10.0.0.1", "::1", "a" * 63)
        ],
        *[
            (
                f"{{serviceDiscovery: {{dns: {{hostname: '{name}'}}}}}}",
                [("bad-hostname", "serviceDiscovery.dns.hostname")],
            )
            for name in (
                *("", "a b", "http://cart", "cart:8080", "a..b", ".a", "a/b", "-a", "a" * 64),
                *("${HOST}", "é.local", "*.local", ".".join(["a" * 50] * 6)),
            )
        ],
        (
            "{backends: [{virtualService: {virtualServiceName: a}},"
            " {virtualService: {virtualServiceName: a}}]}",
            [("duplicate-backend", "backends[1].virtualService.virtualServiceName")],
        ),
        (
            "{backends: [{virtualService: {virtualServiceName: ''}}]}",
            [("wrong-length", "backends[0].virtualService.virtualServiceName")],
        ),
        (
            f"{{backends: [{{virtualService: {{virtualServiceName: a, {TLS_POLICY}}}}}]}}",
            [],
        ),
        (
            f"{{backendDefaults: {{{TLS_POLICY}}}}}",
            [],
        ),
        (
            f"{{backendDefaults: {{{ACM_POLICY}}}}}",
            [
                (
                    "wrong-length",
                    "backendDefaults.clientPolicy.tls.validation.trust.acm.certificateAuthorityArns",
                )
            ],
        ),
        (
            "{backends: [{virtualService: {virtualServiceName: a, clientPolicy: {tls: {certificate:"
            " {sds: {secretName: ''}}, validation: {trust: {sds: {secretName: b}}}}}}}]}",
            [
                (
                    "wrong-length",
                    "backends[0].virtualService.clientPolicy.tls.certificate.sds.secretName",
                )
            ],
        ),
    ],
)
def test_what_a_virtual_node_says(spec: str, found: list[tuple[str, str]]) -> None:
    assert seen(NODE, spec) == found


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("{text: 'plain'}", []),
        ("{text: '[%START_TIME%] %REQ(:METHOD)% %REQ(X-A?B):10% %BYTES_SENT% 100%%'}", []),
        ("{text: '100%'}", [("bad-log-format", "text")]),
        ("{text: '%start_time%'}", [("bad-log-format", "text")]),
        ("{text: '%REQ(:METHOD'}", [("bad-log-format", "text")]),
        ("{json: [{key: a, value: '%PROTOCOL%'}, {key: b, value: '%PROTOCOL%'}]}", []),
        ("{json: [{key: a, value: '%'}]}", [("bad-log-format", "json[0].value")]),
        (
            "{json: [{key: a, value: b}, {key: a, value: c}]}",
            [("duplicate-log-key", "json[1].key")],
        ),
    ],
)
@pytest.mark.parametrize("head", [NODE, GATEWAY])
def test_the_format_of_an_access_log_can_be_read(
    head: str, form: str, found: list[tuple[str, str]]
) -> None:
    listeners = "listeners: [], " if head == GATEWAY else ""
    spec = f"{{{listeners}logging: {{accessLog: {{file: {{path: /dev/stdout, format: {form}}}}}}}}}"
    expected = [(code, f"logging.accessLog.file.format.{where}") for code, where in found]
    assert seen(head, spec) == expected


def test_the_path_of_an_access_log_is_one_line() -> None:
    spec = '{logging: {accessLog: {file: {path: "/a\\nb"}}}}'
    assert seen(NODE, spec) == [("control-character", "logging.accessLog.file.path")]


@pytest.mark.parametrize(
    ("listener", "found"),
    [
        ("portMapping: {port: 80, protocol: http}", []),
        ("portMapping: {port: 15001, protocol: http}", [("reserved-port", ".portMapping.port")]),
        (
            "portMapping: {port: 80, protocol: http}, connectionPool: {grpc: {maxRequests: 1}}",
            [("wrong-protocol", ".connectionPool.grpc")],
        ),
        (
            f"portMapping: {{port: 80, protocol: grpc}},"
            f" healthCheck: {{{HEALTH}, protocol: grpc, port: 81}}",
            [("no-effect", ".healthCheck"), ("wrong-port", ".healthCheck.port")],
        ),
        (
            "portMapping: {port: 80, protocol: http},"
            " tls: {mode: STRICT, certificate: {acm: {certificateArn: a}}}",
            [],
        ),
    ],
)
def test_what_a_virtual_gateway_says(listener: str, found: list[tuple[str, str]]) -> None:
    expected = [(code, f"listeners[0]{where}") for code, where in found]
    assert seen(GATEWAY, f"{{listeners: [{{{listener}}}]}}") == expected


@pytest.mark.parametrize("name", ["cart.shop.local", "cart", "my_cart", "Cart", "cart."])
def test_a_virtual_service_is_named_by_what_applications_call(name: str) -> None:
    assert seen(f"{{meshName: shop, virtualServiceName: {name}, spec: ", "{}") == []


@pytest.mark.parametrize("name", ["a b", "a/b", "a:80", "*.local", "http://a"])
def test_a_virtual_service_cannot_have_a_name_nobody_can_call(name: str) -> None:
    reading = read_resources(
        "a.yaml", f"meshName: shop\nvirtualServiceName: '{name}'\nspec: {{}}\n".encode()
    )
    (problem,) = reading.problems
    assert (problem.line, problem.code) == (2, "bad-hostname")
