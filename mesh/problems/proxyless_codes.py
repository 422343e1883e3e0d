"""Problem codes for gRPC clients without a proxy: features that only Envoy has."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

PROXYLESS_CODES: Final = {
    "grpc-hidden-header": CodeDoc(
        "A route matches a header that gRPC libraries do not look at when they choose a route: "
        "`host` and `:authority`, `:method`, `:scheme`, `te`, `user-agent`, and binary metadata "
        "(`…-bin`). To the client it is as if no call had it.",
        "Match metadata that callers set themselves.",
        Severity.WARNING,
    ),
    "grpc-ignored": CodeDoc(
        "A field says what gRPC libraries have no word for. The client does without.",
        "Nothing, if the client can do without; else give it an Envoy.",
        Severity.WARNING,
    ),
    "grpc-no-ingress": CodeDoc(
        "A listener has TLS, a connection pool or a timeout, which the node's proxy would see to. "
        "A gRPC client has no proxy: what reaches its application reaches it directly.",
        "See to it in the application, or give it an Envoy.",
        Severity.WARNING,
    ),
    "grpc-one-address": CodeDoc(
        "A virtual node is found by a name in DNS that stands for many instances. A gRPC library "
        "takes the addresses of a name for one instance: it connects to one of them, and to "
        "another only when that fails.",
        "Find the node through `awsCloudMap` and a ServiceInstances document.",
        Severity.WARNING,
    ),
    "grpc-outlier-detection": CodeDoc(
        "A virtual node is watched for server errors in a row. gRPC libraries cannot count in a "
        "row: instead an instance is ejected that had as many calls in an `interval` and failed "
        "them all, with any status but `OK`, while another instance is there.",
        "Nothing, if that is near enough; else remove `outlierDetection`, or give the caller an "
        "Envoy.",
        Severity.WARNING,
    ),
    "grpc-plain-text": CodeDoc(
        "A virtual node offers TLS to those who want it, and no client policy asks for it. An "
        "Envoy would speak TLS to it; a gRPC client speaks plain text.",
        "Give the caller an Envoy if its calls must be encrypted, and ask for TLS in a client "
        "policy.",
        Severity.WARNING,
    ),
    "grpc-port-needed": CodeDoc(
        "A virtual service has several ports that speak gRPC, so its name alone means none of "
        "them.",
        "Dial one of them: `xds:///cart.local:9000`.",
        Severity.WARNING,
    ),
    "grpc-retry-events": CodeDoc(
        "A retry policy names HTTP or TCP events. gRPC libraries retry by status code alone: what "
        "these events mean reaches them as `unavailable`, which is retried whatever its cause; "
        "`client-error` is not retried.",
        "Name `grpcRetryEvents`.",
        Severity.WARNING,
    ),
    "grpc-target-protocol": CodeDoc(
        "A route leads gRPC clients to a listener of `http`, which is HTTP/1.1: an Envoy would "
        "translate, a gRPC library cannot. All calls there fail with UNAVAILABLE.",
        "Make the listener `grpc` or `http2`, if that is what its application speaks, or give the "
        "caller an Envoy.",
        Severity.WARNING,
    ),
    "grpc-tls": CodeDoc(
        "A client policy or a listener asks for TLS, which gRPC clients of gitmesh do not speak. "
        "All calls there fail with UNAVAILABLE: nothing is sent in plain text instead.",
        "Give the caller an Envoy, or take TLS off where both sides allow it.",
        Severity.WARNING,
    ),
    "grpc-undialled-port": CodeDoc(
        "A port of a virtual service does not speak gRPC: it is `http`, which is HTTP/1.1, or "
        "`tcp`. gRPC clients cannot dial it.",
        "Make the listeners and routes behind it `grpc` or `http2`, if that is what they speak.",
        Severity.WARNING,
    ),
    "grpc-unmatched-route": CodeDoc(
        "A route takes no gRPC call: each is a POST, in plain text, without a query, and the route "
        "asks for something else. gRPC clients are not told of it.",
        "Nothing, if the route is for others.",
        Severity.WARNING,
    ),
}
