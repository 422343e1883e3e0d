"""Settings of the xDS server: limits, timeouts, and TLS. Pure."""

from dataclasses import dataclass
from pathlib import Path

from xds.protocol.session import ACK_WAIT, LINGER


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for mutual TLS. They may be replaced at any time."""

    certificate: Path
    """The server's certificate, followed by its chain."""
    key: Path
    client_authority: Path
    """Certificate authorities of proxies; a proxy whose certificate has another authority is
    refused."""
    trust_domain: str = ""
    """Required trust domain of proxies' SPIFFE names; empty accepts any."""


@dataclass(frozen=True, slots=True)
class AdsSettings:
    """Limits and timeouts of one server process."""

    max_streams: int = 10_000
    max_streams_of_node: int = 5_000
    """Limit per virtual node or gateway, so that one node's proxies cannot lock out all others."""
    new_streams_per_s: float = 1_000.0
    """Sustained rate of new streams; further streams get an error with a request to retry."""
    new_streams_at_once: int = 4_000
    """Burst of new streams after a quiet time, as after a restart of the server."""
    streams_of_connection: int = 256
    """Streams that one connection may have at once. An Envoy needs one; a gRPC library has one for
    each service that its process calls, and waits with those beyond the limit."""
    new_streams_of_connection_per_s: float = 10.0
    """Sustained rate of new streams of one connection; further streams wait."""
    new_streams_of_connection_at_once: int = 100
    first_request_s: float = 30.0
    """Time for a stream to send its first request, which names its node."""
    requests_per_s: float = 200.0
    """Sustained rate of requests per stream; further requests are not read until later."""
    requests_at_once: int = 2_000
    max_names: int = 50_000
    """Maximum names that one stream may subscribe to."""
    max_claims: int = 30_000
    """Maximum number of unknown resources that one stream may claim to have when it begins."""
    max_claims_of_all: int = 200_000
    """Maximum number of such claims of all streams out of sync; streams beyond it must retry."""
    max_request_bytes: int = 4 << 20
    """Maximum size of a request. A real Envoy's first request has 61 KB; one that names 20,000
    clusters has less than 2 MB."""
    keepalive_s: float = 30
    """Idle time after which a connection is pinged."""
    keepalive_timeout_s: float = 10
    min_ping_interval_s: float = 15
    """A client that pings more often than this is disconnected."""
    handshake_s: float = 20.0
    """Timeout from the connection to the client's first HTTP/2 bytes, including any TLS
    handshake."""
    idle_connection_s: float = 30.0
    """Timeout of a connection without a stream."""
    max_connections: int | None = None
    """Maximum number of connections of one process; by default its descriptor limit minus the
    descriptors reserved for git and the log (:data:`events.descriptors.RESERVE`)."""
    http_servers: int = 0
    """HTTP servers in the same process, for whose connections descriptors are left."""
    max_connection_age_s: float | None = None
    """Age at which connections are closed, so that proxies spread over all servers again. gRPC
    varies it by 10 %."""
    connection_grace_s: float = 5.0
    """Time for the streams of a connection that is closed for its age to end by themselves."""
    grace_s: float = 0.3
    """Time for streams to end when the server stops."""
    ack_wait_s: float = ACK_WAIT
    """Time that a roll-out waits for the ACK of one resource type before it sends the next type. A
    commit is reported as delayed at other times:
    :data:`xds.delivery.commit_delivery.DELAYED_AFTER_S`."""
    linger_s: float = LINGER
    """Time that a proxy keeps clusters which no route refers to any more, for running requests."""
    report_interval_s: float = 10.0
    """Interval at which clients are asked to report their load; every report of an Envoy has 61 KB.
    """
    max_report_bytes: int = 1 << 20
    """Maximum size of a report about traffic; larger ones are dropped."""
    plain_text_anywhere: bool = False
    """Allow plain text on addresses that are not local."""
    share_port: bool = False
    """Allow other processes of this user to listen on the same port, which must be reserved
    (:mod:`xds.server.shared_port`)."""
    tls: TlsFiles | None = None
    """Use mutual TLS; without it, plain text."""
