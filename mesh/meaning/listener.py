"""Meanings of what a listener can say beyond its port."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import listener

_UNLIMITED: Final = "no limit"
_HEALTH: Final = {
    "path": Meaning(
        "The path that is asked for. Required for http and http2; other protocols have none."
    ),
    "port": Meaning(
        "The port that is checked. It must be the listener's own.", "the listener's port"
    ),
    "protocol": Meaning("The protocol of the check. It may differ from the listener's."),
    "interval_millis": Meaning("The time between two checks, in milliseconds."),
    "timeout_millis": Meaning("How long one check may take, in milliseconds."),
    "healthy_threshold": Meaning(
        "How many checks in a row must succeed before traffic is sent again."
    ),
    "unhealthy_threshold": Meaning(
        "How many checks in a row must fail before traffic is withheld."
    ),
}

TABLE: Final[Table] = {
    listener.RequestPool: {
        "max_requests": Meaning(
            "How many requests may be under way at once. More are answered 503."
        ),
    },
    listener.HttpPool: {
        "max_connections": Meaning(
            "How many connections the proxy opens to the application at once."
        ),
        "max_pending_requests": Meaning(
            "How many requests may wait for a connection. More are answered 503.", _UNLIMITED
        ),
    },
    listener.TcpPool: {
        "max_connections": Meaning("How many connections may be open at once. More are refused."),
    },
    listener.GatewayConnectionPool: {
        "grpc": Meaning("Limits of a gRPC listener."),
        "http": Meaning("Limits of an HTTP/1.1 listener."),
        "http2": Meaning("Limits of an HTTP/2 listener."),
    },
    listener.NodeConnectionPool: {
        "grpc": Meaning("Limits of a gRPC listener."),
        "http": Meaning("Limits of an HTTP/1.1 listener."),
        "http2": Meaning("Limits of an HTTP/2 listener."),
        "tcp": Meaning("Limits of a TCP listener."),
    },
    listener.HttpTimeout: {
        "per_request": Meaning(
            "How long a request may take in all. A route and the listener of its target both have "
            "this limit: raise both for slow requests.",
            "15 s",
        ),
        "idle": Meaning(
            "How long a request may stand still, with no byte in either direction.", "300 s"
        ),
    },
    listener.TcpTimeout: {
        "idle": Meaning("How long a connection may stand still before it is closed.", "300 s"),
    },
    listener.ListenerTimeout: {
        "grpc": Meaning("Timeouts of a gRPC listener."),
        "http": Meaning("Timeouts of an HTTP/1.1 listener."),
        "http2": Meaning("Timeouts of an HTTP/2 listener."),
        "tcp": Meaning("The timeout of a TCP listener."),
    },
    listener.HealthCheck: _HEALTH,
    listener.GatewayHealthCheck: {
        **_HEALTH,
        "port": Meaning("The port. It must be the listener's own.", "the listener's port"),
    },
    listener.OutlierDetection: {
        "max_server_errors": Meaning(
            "How many answers of 500 to 599 in a row cause an instance to be ejected."
        ),
        "interval": Meaning(
            "The time between two looks at the counted errors. It must be more than 0."
        ),
        "base_ejection_duration": Meaning(
            "How long an instance gets no traffic after it was ejected. Each further ejection "
            "takes longer. It must be more than 0."
        ),
        "max_ejection_percent": Meaning(
            "The largest share of the instances that may be ejected at once, in percent. One "
            "instance may always be."
        ),
    },
}
