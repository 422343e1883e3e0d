"""What may be set about the server: limits, patience, and who may come in. Pure."""

from dataclasses import dataclass
from pathlib import Path

from xds.session import ACK_WAIT, LINGER


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for mutual TLS, in PEM. They may be replaced at any time."""

    certificate: Path
    """The server's own, with the chain behind it."""
    key: Path
    client_authority: Path
    """Those who sign the certificates of proxies; one that they did not sign is not let in."""
    trust_domain: str = ""
    """Where SPIFFE names of proxies must come from; empty means from anywhere in the authority."""


@dataclass(frozen=True, slots=True)
class AdsSettings:
    """Limits and patience of one server process."""

    max_streams: int = 10_000
    max_streams_of_node: int = 5_000
    """Of one virtual node or gateway, so that no node's proxies can keep out all others'."""
    new_streams_per_s: float = 1_000.0
    """How fast streams may come in for long; those beyond are told to come again."""
    new_streams_at_once: int = 4_000
    """How many may come at one moment after a quiet one, as when a server has been restarted."""
    first_request_s: float = 30.0
    """How long a stream may take to say whose it is: until then it is nobody's, and counts to all.
    """
    requests_per_s: float = 200.0
    """How fast one stream's requests are read for long. What comes faster waits with the proxy."""
    requests_at_once: int = 2_000
    max_names: int = 50_000
    """How many resources one stream may ask for by name."""
    max_claims: int = 30_000
    """How many resources that nobody here knows one stream may claim to have when it begins."""
    max_claims_of_all: int = 200_000
    """How many all streams may, while they are not in sync; the others are told to come again."""
    max_request_bytes: int = 4 << 20
    """A real Envoy's first request is 61 KB; one that names 20,000 clusters stays below 2 MB."""
    keepalive_s: float = 30
    """How long a connection may be silent before it is asked whether it still lives."""
    keepalive_timeout_s: float = 10
    min_ping_interval_s: float = 15
    """A client that pings more often than this is sent away."""
    handshake_s: float = 20.0
    """How long a connection may take until it speaks HTTP/2, with TLS around it or not."""
    idle_connection_s: float = 30.0
    """How long a connection may have no stream."""
    max_connections: int | None = None
    """How many connections one process takes; by default as many as it may have descriptors, but
    for those that are kept for git and the log (:data:`events.descriptors.RESERVE`)."""
    max_connection_age_s: float | None = None
    """Close connections of this age (gRPC spreads it by 10 %), so that proxies spread anew."""
    connection_grace_s: float = 5.0
    """How long the streams of a connection that is too old get to end by themselves."""
    grace_s: float = 0.3
    """How long streams get to end when the server stops."""
    ack_wait_s: float = ACK_WAIT
    linger_s: float = LINGER
    plain_text_anywhere: bool = False
    """Listen without TLS on addresses that are not this machine's own."""
    share_port: bool = False
    """Let other processes of this user listen on the same port; they must have made sure that it
    is theirs (:mod:`xds.shared_port`)."""
    tls: TlsFiles | None = None
    """Speak mutual TLS; without it, plain text."""
