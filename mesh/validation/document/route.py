"""Rules of a route."""

from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.spec.match import GrpcRouteMatch
from mesh.spec.route import (
    GrpcRetryPolicy,
    GrpcRoute,
    HttpRetryPolicy,
    HttpRoute,
    RouteAction,
    RouteSpec,
    TcpRoute,
)
from mesh.validation.document.amounts import count, duration, timeout
from mesh.validation.document.matching import (
    grpc_name,
    headers,
    http_match,
)
from mesh.validation.document.place import Place

_LOWER: Final = "lower them so that their sum is at most 100: weights are relative to their sum"
HTTP_RETRY_EVENTS: Final = ("client-error", "gateway-error", "server-error", "stream-error")


def route(spec: RouteSpec, at: Place) -> Iterator[Problem]:
    """Return the problems of a route."""
    if spec.http_route is not None:
        yield from _http(spec.http_route, at / "httpRoute")
        yield from _refused(spec.http_route.retry_policy, at / "httpRoute" / "retryPolicy")
    if spec.http2_route is not None:
        yield from _http(spec.http2_route, at / "http2Route")
    if spec.grpc_route is not None:
        yield from _grpc(spec.grpc_route, at / "grpcRoute")
    if spec.tcp_route is not None:
        yield from _tcp(spec.tcp_route, at / "tcpRoute")


def _http(http: HttpRoute, at: Place) -> Iterator[Problem]:
    yield from http_match(http.match, at / "match")
    yield from _action(http.action, at / "action")
    yield from _retry(http.retry_policy, at / "retryPolicy")
    yield from timeout(http.timeout, at / "timeout")


def _grpc(grpc: GrpcRoute, at: Place) -> Iterator[Problem]:
    yield from _grpc_match(grpc.match, at / "match")
    yield from _action(grpc.action, at / "action")
    yield from _retry(grpc.retry_policy, at / "retryPolicy")
    yield from timeout(grpc.timeout, at / "timeout")


def _tcp(tcp: TcpRoute, at: Place) -> Iterator[Problem]:
    yield from _action(tcp.action, at / "action")
    yield from timeout(tcp.timeout, at / "timeout")


def _grpc_match(match: GrpcRouteMatch, at: Place) -> Iterator[Problem]:
    if match.method_name is not None and match.service_name is None:
        message = "serviceName is missing: methodName requires it"
        yield (at / "methodName").error("missing-field", message)
    yield from grpc_name(match.service_name, at / "serviceName")
    yield from grpc_name(match.method_name, at / "methodName")
    yield from headers(match.metadata, at / "metadata")


def _action(action: RouteAction, at: Place) -> Iterator[Problem]:
    targets = action.weighted_targets
    here = at / "weightedTargets"
    total = sum(target.weight for target in targets)
    if total == 0:
        message = "all weights are 0, so no target can receive a request"
        yield here.error("zero-weights", message, "to answer with 404, remove the route")
    if total > 100:
        message = f"the weights sum to {total}; App Mesh allows 100"
        yield here.error("weights-over-100", message, _LOWER)
    first: dict[tuple[str, int | None], int] = {}
    for index, target in enumerate(targets):
        earlier = first.setdefault((target.virtual_node, target.port), index)
        if earlier != index:
            port = f" port {target.port}" if target.port is not None else ""
            message = f'"{target.virtual_node}"{port} is already target {earlier}'
            yield (here / index).error(
                "duplicate-target", message, "keep one target with the sum of their weights"
            )


def _refused(policy: HttpRetryPolicy | None, at: Place) -> Iterator[Problem]:
    """Warn if a policy retries only refused streams: HTTP/1.1 has none, so it would never retry."""
    if policy is None or policy.tcp_retry_events:
        return
    if policy.http_retry_events and set(policy.http_retry_events) == {"stream-error"}:
        message = "stream-error has no effect: HTTP/1.1 has no streams to refuse"
        hint = "add server-error or gateway-error, which include broken connections"
        yield (at / "httpRetryEvents").warning("no-effect", message, hint)


def _retry(policy: HttpRetryPolicy | GrpcRetryPolicy | None, at: Place) -> Iterator[Problem]:
    if policy is None:
        return
    grpc_events = policy.grpc_retry_events if isinstance(policy, GrpcRetryPolicy) else None
    if not (policy.http_retry_events or policy.tcp_retry_events or grpc_events):
        message = "the retry policy lists no event, so it never retries"
        yield at.error("no-retry-event", message, "add httpRetryEvents or tcpRetryEvents")
    for index, event in enumerate(policy.http_retry_events or ()):
        if event not in HTTP_RETRY_EVENTS:
            listed = f"it is one of {', '.join(HTTP_RETRY_EVENTS)}"
            guess = did_you_mean(event, HTTP_RETRY_EVENTS)
            yield (at / "httpRetryEvents" / index).error(
                "not-one-of", f'there is no HTTP retry event "{event}"', f"{guess} {listed}".strip()
            )
    yield from count(policy.max_retries, at / "maxRetries")
    yield from duration(policy.per_retry_timeout, at / "perRetryTimeout")
