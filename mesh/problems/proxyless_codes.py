"""Problem codes for gRPC clients without a proxy: features that only Envoy has."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

PROXYLESS_CODES: Final = {
    "grpc-hidden-header": CodeDoc(
        "A route matches a header that gRPC libraries ignore when they select a route: `host` and "
        "`:authority`, `:method`, `:scheme`, `te`, `user-agent`, and binary metadata (`…-bin`). "
        "For the client, no call has this header.",
        "Match metadata that callers set themselves.",
        Severity.WARNING,
    ),
    "grpc-ignored": CodeDoc(
        "gRPC libraries do not support this field. The client ignores it.",
        "Nothing, if the client can work without it; else run an Envoy beside it.",
        Severity.WARNING,
    ),
    "grpc-no-ingress": CodeDoc(
        "A listener has TLS, a connection pool or a timeout, which the node's proxy would apply. "
        "A gRPC client has no proxy: requests reach its application directly.",
        "Implement it in the application, or run an Envoy beside it.",
        Severity.WARNING,
    ),
    "grpc-one-address": CodeDoc(
        "A virtual node is found by a DNS name with many instances. A gRPC library treats all "
        "addresses of a name as one instance: it connects to one of them, and to another only if "
        "that fails.",
        "Find the node through `awsCloudMap` and a ServiceInstances document.",
        Severity.WARNING,
    ),
    "grpc-outlier-detection": CodeDoc(
        "A virtual node has outlier detection by consecutive server errors. gRPC libraries do not "
        "count consecutive errors. Instead they eject an instance that received at least "
        "`maxServerErrors` calls in one `interval` if all of them failed, with any status but "
        "`OK`, and there is another instance.",
        "Nothing, if that is good enough; else remove `outlierDetection`, or run an Envoy beside "
        "the caller.",
        Severity.WARNING,
    ),
    "grpc-plain-text": CodeDoc(
        "A virtual node offers TLS as an option, and no client policy requires it. An Envoy would "
        "use TLS; a gRPC client uses plain text.",
        "If its calls must be encrypted, run an Envoy beside the caller and require TLS in a "
        "client policy.",
        Severity.WARNING,
    ),
    "grpc-port-needed": CodeDoc(
        "A virtual service has several gRPC ports, so a client cannot connect by its name alone.",
        "Connect to one port: `xds:///cart.local:9000`.",
        Severity.WARNING,
    ),
    "grpc-retry-events": CodeDoc(
        "A retry policy lists HTTP or TCP events. gRPC libraries retry by status code only. They "
        "see these events as `unavailable`, and retry that whatever its cause; they do not retry "
        "`client-error`.",
        "Use `grpcRetryEvents`.",
        Severity.WARNING,
    ),
    "grpc-target-protocol": CodeDoc(
        "A route sends gRPC clients to a listener of `http`, which is HTTP/1.1. An Envoy would "
        "translate; a gRPC library cannot. All calls fail with UNAVAILABLE.",
        "Make the listener `grpc` or `http2`, if its application supports it, or run an Envoy "
        "beside the caller.",
        Severity.WARNING,
    ),
    "grpc-tls": CodeDoc(
        "A client policy or a listener requires TLS, which gRPC clients of gitmesh do not "
        "support. All calls fail with UNAVAILABLE; nothing is sent in plain text instead.",
        "Run an Envoy beside the caller, or turn TLS off where both sides allow it.",
        Severity.WARNING,
    ),
    "grpc-undialled-port": CodeDoc(
        "A port of a virtual service does not support gRPC: it is `http`, which is HTTP/1.1, or "
        "`tcp`. gRPC clients cannot connect to it.",
        "Make the listeners and routes behind it `grpc` or `http2`, if the application supports "
        "it.",
        Severity.WARNING,
    ),
    "grpc-unmatched-route": CodeDoc(
        "A route cannot match a gRPC call: each call is a POST, in plain text, without a query, "
        "and the route requires something else. gRPC clients do not receive this route.",
        "Nothing, if the route is for other clients.",
        Severity.WARNING,
    ),
}
