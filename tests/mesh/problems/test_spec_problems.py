"""Problems of a spec: all are reported, each with its line and a hint."""

import pytest

from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem
from mesh.reading.native import ResourceReading, read_resources

ROUTE_KEY = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")


def read(text: str) -> ResourceReading:
    return read_resources("a.yaml", text.encode())


def seen(problems: tuple[Problem, ...]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.code, problem.where) for problem in problems]


WRONG_ROUTE = """\
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  priority: "10"
  httpRoute:
    match:
      prefx: /
      method: get
      headers: []
      port: 0
      scheme: true
    action:
      weightedTargets:
        - virtualNode: 12
          weight: 101
        - weight: 1.5
          virtualNode: {}
        - not an object
    retryPolicy:
      maxRetries: -1
      tcpRetryEvents: connection-error
      http_retry_events: [server-error]
      perRetryTimeout: {unit: sec, value: 010}
"""

AT = "$.spec.httpRoute"


def test_all_problems_of_a_spec_are_told_at_once_each_at_its_line() -> None:
    reading = read(WRONG_ROUTE)
    assert reading.resources == ()
    assert reading.unread == (ROUTE_KEY,)
    targets = f"{AT}.action.weightedTargets"
    assert seen(reading.problems) == [
        (5, "wrong-type", "$.spec.priority"),
        (8, "unknown-field", f"{AT}.match.prefx"),
        (9, "not-one-of", f"{AT}.match.method"),
        (10, "wrong-length", f"{AT}.match.headers"),
        (11, "out-of-range", f"{AT}.match.port"),
        (12, "not-one-of", f"{AT}.match.scheme"),
        (15, "wrong-type", f"{targets}[0].virtualNode"),
        (16, "out-of-range", f"{targets}[0].weight"),
        (17, "wrong-type", f"{targets}[1].weight"),
        (18, "wrong-type", f"{targets}[1].virtualNode"),
        (19, "wrong-type", f"{targets}[2]"),
        (21, "out-of-range", f"{AT}.retryPolicy.maxRetries"),
        (22, "wrong-type", f"{AT}.retryPolicy.tcpRetryEvents"),
        (23, "unknown-field", f"{AT}.retryPolicy.http_retry_events"),
        (24, "not-one-of", f"{AT}.retryPolicy.perRetryTimeout.unit"),
        (24, "wrong-type", f"{AT}.retryPolicy.perRetryTimeout.value"),
    ]


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("$.spec.priority", "write it without quotes"),
        (f"{AT}.match.prefx", 'did you mean "prefix"?'),
        (f"{AT}.match.method", 'did you mean "GET"?'),
        (f"{AT}.action.weightedTargets[0].virtualNode", 'quote it: "12"'),
        (f"{AT}.action.weightedTargets[1].weight", "a number has digits only"),
        (f"{AT}.retryPolicy.tcpRetryEvents", 'begin each item with "- "'),
        (f"{AT}.retryPolicy.http_retry_events", 'did you mean "httpRetryEvents"?'),
        (f"{AT}.retryPolicy.perRetryTimeout.unit", "it is one of s, ms"),
        (f"{AT}.retryPolicy.perRetryTimeout.value", "write 10:"),
    ],
)
def test_a_problem_of_a_spec_says_how_to_mend_it(where: str, hint: str) -> None:
    (problem,) = [each for each in read(WRONG_ROUTE).problems if each.where == where]
    assert hint in problem.hint


NODE = "meshName: shop\nvirtualNodeName: cart\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "line", "code", "where"),
    [
        ("  listeners:\n    - {}\n", 5, "missing-field", "$.spec.listeners[0].portMapping"),
        ("  serviceDiscovery: {}\n", 4, "exactly-one", "$.spec.serviceDiscovery"),
        (
            "  serviceDiscovery:\n    dns: {hostname: a}\n"
            "    awsCloudMap: {namespaceName: a, serviceName: b}\n",
            4,
            "exactly-one",
            "$.spec.serviceDiscovery",
        ),
        (
            "  serviceDiscovery:\n    awsCloudMap:\n      namespaceName: a\n      serviceName: b\n"
            '      attributes:\n        - {key: "a b", value: c}\n',
            9,
            "wrong-pattern",
            "$.spec.serviceDiscovery.awsCloudMap.attributes[0].key",
        ),
        (
            "  backendDefaults:\n    clientPolicy:\n      tls:\n        enforce: yes\n"
            "        validation: {trust: {sds: {secretName: a}}}\n",
            7,
            "wrong-type",
            "$.spec.backendDefaults.clientPolicy.tls.enforce",
        ),
        ("  logging: []\n", 4, "wrong-type", "$.spec.logging"),
        ("  backends: null\n  listeners: {}\n", 5, "wrong-type", "$.spec.listeners"),
        ("  logging: {accessLog: {file: {path: ''}}}\n", 4, "wrong-length", None),
        (f"  logging: {{accessLog: {{file: {{path: {'a' * 256}}}}}}}\n", 4, "wrong-length", None),
        (
            "  backendDefaults: {clientPolicy: {tls: {validation: {trust: {acm:\n"
            "    {certificateAuthorityArns: [a, b, c, d]}}}}}}\n",
            5,
            "wrong-length",
            None,
        ),
    ],
)
def test_each_kind_of_slip_has_its_code(spec: str, line: int, code: str, where: str | None) -> None:
    (problem,) = read(NODE + spec).problems
    assert (problem.line, problem.code) == (line, code)
    assert where is None or problem.where == where


def test_an_explicit_null_is_the_same_as_absence() -> None:
    (with_nulls,) = read(f"{NODE}  backends: null\n  logging: ~\n").resources
    (without,) = read(f"{NODE}  {{}}\n").resources
    assert with_nulls == without
