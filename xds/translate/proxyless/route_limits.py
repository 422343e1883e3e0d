"""Route features that a gRPC client does not support."""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh.graph.protocols import route_field
from mesh.problems.problem import Problem
from mesh.resource import Resource, Steps
from mesh.spec import RouteSpec
from mesh.spec.match import HeaderMatch
from mesh.spec.route import GrpcRetryPolicy, HttpRetryPolicy
from xds.translate import timeouts
from xds.translate.proxyless.limit import limit
from xds.translate.proxyless.routes import takes_calls
from xds.translate.routes.retries import grpc_retry_policy
from xds.translate.routes.routes import written_policy

_HIDDEN: Final = frozenset({":authority", ":method", ":scheme", "host", "te", "user-agent"})
_MOST_RETRIES: Final = 4
"""Maximum number of retries: gRPC makes at most five attempts (gRFC A6)."""


def route_limits(route: Resource) -> Iterator[Problem]:
    """Yield the unsupported features of a route; none for a TCP route."""
    spec = route.spec
    if not isinstance(spec, RouteSpec) or spec.tcp_route is not None:
        return
    place: Steps = ("spec", route_field(spec))
    if not takes_calls(spec):
        message = f'no gRPC call takes the route "{route.key.name}"'
        yield limit(route, (*place, "match"), "grpc-unmatched-route", message)
        return
    yield from _headers(route, spec, (*place, "match"))
    policy = written_policy(spec)
    if policy is not None:
        yield from _retries(route, policy, (*place, "retryPolicy"))
    timeout = timeouts.of_route(spec)
    if timeout is not None and timeout.idle is not None:
        message = "gRPC ends no call for standing still"
        yield limit(route, (*place, "timeout", "idle"), "grpc-ignored", message)


def hidden(header: str) -> bool:
    """Return whether gRPC libraries ignore this header or metadata key in matches."""
    return header.lower() in _HIDDEN or header.lower().endswith("-bin")


def _headers(route: Resource, spec: RouteSpec, place: Steps) -> Iterator[Problem]:
    name, headers = _matched(spec)
    for index, header in enumerate(headers):
        if hidden(header.name):
            # In gRPC a value matcher fails for a call without the header, inverted or not.
            absence = header.invert and header.match is None
            always = "always" if absence else "never"
            message = f"gRPC does not see the header {header.name!r}, so it {always} matches"
            yield limit(route, (*place, name, index), "grpc-hidden-header", message)


def _matched(spec: RouteSpec) -> tuple[str, Sequence[HeaderMatch]]:
    if spec.grpc_route is not None:
        return "metadata", spec.grpc_route.match.metadata or ()
    http = spec.http2_route or spec.http_route
    return "headers", () if http is None else http.match.headers or ()


def _retries(
    route: Resource, policy: HttpRetryPolicy | GrpcRetryPolicy, place: Steps
) -> Iterator[Problem]:
    if not policy.max_retries:
        return
    message = "gRPC gives a single attempt no time of its own"
    yield limit(route, (*place, "perRetryTimeout"), "grpc-ignored", message)
    if policy.max_retries > _MOST_RETRIES:
        message = f"gRPC tries again {_MOST_RETRIES} times, not {policy.max_retries}"
        yield limit(route, (*place, "maxRetries"), "grpc-ignored", message)
    events = [*(policy.http_retry_events or ()), *(policy.tcp_retry_events or ())]
    if events:
        retry = grpc_retry_policy(policy)
        what = f"retries when {retry.retry_on.replace(',', ', ')}" if retry else "retries nothing"
        message = f"gRPC does not know the events {', '.join(events)}: it {what}"
        yield limit(route, place, "grpc-retry-events", message)
