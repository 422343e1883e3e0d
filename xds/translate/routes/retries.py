"""Retry policies: App Mesh's events in Envoy's terms, and the default policy."""

from collections.abc import Iterable
from typing import Final

from envoy_data_plane.envoy.config.route import v3 as envoy_route
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate

from mesh.spec.route import GrpcRetryPolicy, HttpRetryPolicy
from xds.translate.bounds import count, length
from xds.translate.packed import packed

# App Mesh API, HttpRetryPolicy: meaning of each event.
_STATUS_CODES: Final = {
    "server-error": (500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511),
    "gateway-error": (502, 503, 504),
    "client-error": (409,),
}
_HTTP_CONDITIONS: Final = {
    "server-error": ("reset", "retriable-status-codes"),
    "gateway-error": ("reset", "retriable-status-codes"),
    "client-error": ("retriable-status-codes",),
    "stream-error": ("refused-stream",),
}
_TCP_CONDITIONS: Final = {"connection-error": ("connect-failure",)}

_CONDITIONS: Final = (
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
    "reset",
    "connect-failure",
    "refused-stream",
    "retriable-status-codes",
)
"""All retry conditions in output order. The first five are gRPC's, and are also names of App Mesh
events."""

_ELSEWHERE: Final = envoy_route.RetryPolicyRetryHostPredicate(
    name="envoy.retry_host_predicates.previous_hosts", typed_config=packed(PreviousHostsPredicate())
)
_HOST_ATTEMPTS: Final = 5

DEFAULT: Final = envoy_route.RetryPolicy(
    retry_on="unavailable,reset,connect-failure,refused-stream,retriable-status-codes",
    num_retries=2,
    retry_host_predicate=[_ELSEWHERE],
    host_selection_retry_max_attempts=_HOST_ATTEMPTS,
    retriable_status_codes=[503],
)
"""App Mesh's policy for routes without one (user guide, "Default route retry policy")."""


def retry_policy(policy: HttpRetryPolicy | GrpcRetryPolicy | None) -> envoy_route.RetryPolicy:
    """Return the policy of a route, or App Mesh's default."""
    if policy is None:
        return DEFAULT
    events = [*(policy.http_retry_events or ()), *(policy.tcp_retry_events or ())]
    grpc = policy.grpc_retry_events or () if isinstance(policy, GrpcRetryPolicy) else ()
    return envoy_route.RetryPolicy(
        retry_on=",".join(_conditions([*events, *grpc])),
        num_retries=count(policy.max_retries),
        per_try_timeout=length(policy.per_retry_timeout),
        retry_host_predicate=[_ELSEWHERE],
        host_selection_retry_max_attempts=_HOST_ATTEMPTS,
        retriable_status_codes=_status_codes(events),
    )


GRPC_DEFAULT: Final = envoy_route.RetryPolicy(retry_on="unavailable", num_retries=2)
"""The default policy for gRPC, which has only this condition for connection failures."""

_STATUS_OF: Final = {
    "reset": "unavailable",
    "connect-failure": "unavailable",
    "refused-stream": "unavailable",
    **{condition: condition for condition in _CONDITIONS[:5]},
}
"""gRPC status of each condition (gRPC, "HTTP to gRPC Status Code Mapping")."""


def grpc_retry_policy(
    policy: HttpRetryPolicy | GrpcRetryPolicy | None,
) -> envoy_route.RetryPolicy | None:
    """Return the policy in terms of gRPC status codes, or None if no condition is left.

    gRPC retries by status code only (gRFC A44) and refuses a policy without conditions. HTTP and
    TCP events reach a caller as ``unavailable``, except HTTP status 409, for which no gRPC status
    code can be retried.
    """
    if policy is None:
        return GRPC_DEFAULT
    events = [*(policy.http_retry_events or ()), *(policy.tcp_retry_events or ())]
    grpc = policy.grpc_retry_events or () if isinstance(policy, GrpcRetryPolicy) else ()
    statuses = {_STATUS_OF.get(each) for each in _conditions([*events, *grpc])}
    retry_on = ",".join(condition for condition in _CONDITIONS if condition in statuses)
    if not retry_on or not policy.max_retries:
        return None
    return envoy_route.RetryPolicy(retry_on=retry_on, num_retries=count(policy.max_retries))


def _conditions(events: Iterable[str]) -> list[str]:
    found: set[str] = set()
    for event in events:
        found.update(_HTTP_CONDITIONS.get(event) or _TCP_CONDITIONS.get(event) or (event,))
    return [condition for condition in _CONDITIONS if condition in found]


def _status_codes(events: Iterable[str]) -> list[int]:
    wanted = set(events)
    codes = (code for event in _STATUS_CODES if event in wanted for code in _STATUS_CODES[event])
    return list(dict.fromkeys(codes))
