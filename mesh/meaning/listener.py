"""Meanings of a listener's settings besides its port."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import listener

_UNLIMITED: Final = "no limit"
_HEALTH: Final = {
    "path": Meaning(
        "Path of the health check request. Required for http and http2; other protocols have none."
    ),
    "port": Meaning(
        "Port of the health check. It must be the listener's port.",
        "the listener's port",
    ),
    "protocol": Meaning("Protocol of the health check. It may differ from the listener's."),
    "interval_millis": Meaning("Interval between two checks, in milliseconds."),
    "timeout_millis": Meaning("Maximum duration of one check, in milliseconds."),
    "healthy_threshold": Meaning(
        "Number of consecutive successful checks until an unhealthy instance gets traffic again."
    ),
    "unhealthy_threshold": Meaning(
        "Number of consecutive failed checks until an instance gets no more traffic."
    ),
}

TABLE: Final[Table] = {
    listener.RequestPool: {
        "max_requests": Meaning(
            "Maximum number of concurrent requests. Further ones are answered with 503."
        ),
    },
    listener.HttpPool: {
        "max_connections": Meaning(
            "Maximum number of concurrent connections from the proxy to the application."
        ),
        "max_pending_requests": Meaning(
            "Maximum number of requests that wait for a connection. Further ones are answered "
            "with 503.",
            _UNLIMITED,
        ),
    },
    listener.TcpPool: {
        "max_connections": Meaning(
            "Maximum number of concurrent connections. Further ones are refused."
        ),
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
            "Maximum duration of a request. Both the route and the listener of its target have "
            "this limit: raise both for slow requests.",
            "15 s",
        ),
        "idle": Meaning(
            "Maximum time in which a request transfers no bytes in either direction.",
            "300 s",
        ),
    },
    listener.TcpTimeout: {
        "idle": Meaning(
            "Maximum time in which a connection transfers no bytes before it is closed.",
            "300 s",
        ),
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
        "port": Meaning(
            "Port of the health check. It must be the listener's port.",
            "the listener's port",
        ),
    },
    listener.OutlierDetection: {
        "max_server_errors": Meaning(
            "Number of consecutive responses with status 500 to 599 after which an instance is "
            "ejected."
        ),
        "interval": Meaning(
            "Interval in which the error counts are evaluated. It must be more than 0."
        ),
        "base_ejection_duration": Meaning(
            "Time for which an ejected instance gets no traffic. It increases with each further "
            "ejection. It must be more than 0."
        ),
        "max_ejection_percent": Meaning(
            "Maximum share of instances that may be ejected at the same time, in percent. One "
            "instance may always be ejected."
        ),
    },
}
