"""One spec on one line, read through the public interface, with the problems of its rules."""

from mesh.problems.problem import Problem
from mesh.reading.native import read_resources
from mesh.validation.document import check

ROUTE = "{meshName: shop, virtualRouterName: r, routeName: a, spec: "
GATEWAY_ROUTE = "{meshName: shop, virtualGatewayName: g, gatewayRouteName: a, spec: "
NODE = "{meshName: shop, virtualNodeName: n, spec: "
GATEWAY = "{meshName: shop, virtualGatewayName: g, spec: "
ROUTER = "{meshName: shop, virtualRouterName: r, spec: "

ONE_TARGET = "{weightedTargets: [{virtualNode: a, weight: 1}]}"
TO_SERVICE = "target: {virtualService: {virtualServiceName: s}}"

ACM_POLICY = (
    "clientPolicy: {tls: {validation: {trust: {acm: {certificateAuthorityArns: [b, '']}}}}}"
)
TLS_POLICY = "clientPolicy: {tls: {validation: {trust: {sds: {secretName: a}}}}}"


def problems(head: str, spec: str) -> list[Problem]:
    """Return the problems of a spec that has the right shape, under the names of ``head``."""
    reading = read_resources("a.yaml", f"{head}\n{spec}}}\n".encode())
    assert len(reading.resources) == 1, reading.problems
    assert list(reading.problems) == sorted(check(reading.resources[0]))
    return list(reading.problems)


def seen(head: str, spec: str) -> list[tuple[str, str]]:
    """Return code and place below the spec of each problem."""
    found = problems(head, spec)
    assert all(problem.line == 2 for problem in found)
    return [(problem.code, problem.where.removeprefix("$.spec.")) for problem in found]


def http(match: str, protocol: str = "httpRoute", rest: str = "") -> str:
    return f"{{{protocol}: {{match: {match}, action: {ONE_TARGET}{rest}}}}}"


def gateway_http(match: str, action: str = TO_SERVICE) -> str:
    return f"{{httpRoute: {{match: {match}, action: {{{action}}}}}}}"
