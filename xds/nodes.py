"""Identity of a client: its virtual node or gateway, its kind, and its addressing."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

METADATA_KEY = "gitmesh"
"""Key of gitmesh's object in Envoy's ``node.metadata``."""

MAX_ID = 1_024
"""Maximum characters of a node id, and of its string form in the log."""

APPLICATION = "127.0.0.1"
"""Default IP address of an application."""

_USE: Final = "use mesh/<mesh>/virtualNode/<name> or mesh/<mesh>/virtualGateway/<name>"


@dataclass(frozen=True, slots=True)
class Intercepted:
    """Traffic is redirected to the proxy: ingress port 15000, egress port 15001, as in App Mesh."""


@dataclass(frozen=True, slots=True)
class Explicit:
    """No redirection: the proxy listens on its own addresses, and the application connects to them.

    Each field is an IP address. ``ingress`` accepts traffic for the application (or the gateway),
    ``egress`` accepts the application's calls to its backends, and ``application`` is the
    application's own address. A gateway has no application.
    """

    ingress: str
    egress: str
    application: str = ""


Addressing: TypeAlias = Intercepted | Explicit


class Client(StrEnum):
    """Kind of client that reads the configuration."""

    ENVOY = "envoy"
    """A proxy beside the application."""
    GRPC = "grpc"
    """The application's own gRPC library, which dials ``xds:///<virtual service>`` without a proxy.
    """


_GRPC_AGENT = "grpc"
"""Common prefix of gRPC libraries' user agents: ``gRPC C-core``, ``grpc-java``."""


@dataclass(frozen=True, slots=True)
class ProxyIdentity:
    """All that a proxy's configuration depends on, besides the mesh."""

    key: ResourceKey
    """Key of the proxy's virtual node or virtual gateway."""
    addressing: Addressing = Intercepted()
    client: Client = Client.ENVOY
    _hash: int = field(init=False, repr=False, compare=False)
    """The hash, computed once: a push looks up each identity a dozen times."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.key, self.addressing, self.client)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type["ProxyIdentity"], tuple[ResourceKey, Addressing, Client]]:
        # Another process has other hashes.
        return ProxyIdentity, (self.key, self.addressing, self.client)


def parse_identity(
    node_id: str, metadata: Mapping[str, str], user_agent: str = ""
) -> ProxyIdentity:
    """Return the identity of a proxy from its ``node.id``, gitmesh's metadata, and its user agent.

    ``mesh/<mesh>/virtualNode/<name>`` and ``…/virtualGateway/<name>`` are accepted, also as whole
    ARNs and with ``<mesh>@<owner>``, whose owner is dropped (App Mesh: shared meshes). ``client``
    in the metadata names the kind of client; without it, the user agent decides.

    :raises UsageError: the id is too long or names no node or gateway, an address is not an IP
        address, two addresses that must differ are equal, or a gRPC client has options that only
        Envoy supports.
    """
    _refuse_length(node_id)
    try:
        key = ResourceKey.parse(node_id)
    except UsageError as error:
        raise UsageError(error.message, hint=_USE) from None
    if key.kind not in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
        raise UsageError(
            f"{node_id!r} is a {key.kind}, which runs no proxy",
            hint=_USE,
        )
    mesh = key.mesh.split("@", 1)[0]
    if not mesh:
        # The log must be able to read the id back as a resource key.
        raise UsageError(
            f"{node_id!r} has an owner but no mesh",
            hint="use mesh/<mesh>@<owner>/virtualNode/<name>",
        )
    key = ResourceKey.of(key.kind, mesh, key.name)
    _refuse_length(str(key))  # An escaped character may have twelve characters.
    client = _client(node_id, metadata, user_agent)
    identity = ProxyIdentity(key, _addressing(node_id, metadata), client)
    _refuse_circles(node_id, identity)
    _refuse_proxies(node_id, identity)
    return identity


def _refuse_length(node_id: str) -> None:
    if len(node_id) > MAX_ID:
        raise UsageError(
            f"{node_id[:40]!r}… is longer than the {MAX_ID:,} characters an id may have",
            hint=_USE,
        )


def _refuse_circles(node_id: str, identity: ProxyIdentity) -> None:
    """Refuse addresses with which a node's proxy would call itself.

    A gateway may use one address for all purposes: it has no application.
    """
    addressing = identity.addressing
    if identity.key.kind is not Kind.VIRTUAL_NODE or not isinstance(addressing, Explicit):
        return
    application = addressing.application or APPLICATION
    if addressing.ingress in (addressing.egress, application):
        other = "egress" if addressing.ingress == addressing.egress else "application"
        raise UsageError(
            f"{node_id}: ingress and {other} share the address {addressing.ingress}",
            hint="give ingress, egress and application different addresses",
        )


def _client(node_id: str, metadata: Mapping[str, str], user_agent: str) -> Client:
    said = metadata.get("client", "")
    if not said:
        return Client.GRPC if user_agent.lower().startswith(_GRPC_AGENT) else Client.ENVOY
    try:
        return Client(said)
    except ValueError:
        raise UsageError(
            f"{node_id}: client {said!r} is not known", hint="use envoy or grpc"
        ) from None


def _refuse_proxies(node_id: str, identity: ProxyIdentity) -> None:
    """Refuse proxy options of a gRPC client, which only calls backends and listens on no port."""
    if identity.client is not Client.GRPC:
        return
    if identity.key.kind is not Kind.VIRTUAL_NODE:
        raise UsageError(
            f"{node_id}: a gRPC client cannot be a gateway",
            hint="use mesh/<mesh>/virtualNode/<name>",
        )
    if isinstance(identity.addressing, Explicit):
        raise UsageError(
            f"{node_id}: a gRPC client has no proxy, so nothing binds addresses for it",
            hint=f"leave addressing out of {METADATA_KEY} in its node metadata",
        )


def _addressing(node_id: str, metadata: Mapping[str, str]) -> Addressing:
    mode = metadata.get("addressing", "intercepted")
    if mode == "intercepted":
        return Intercepted()
    if mode != "explicit":
        raise UsageError(
            f"{node_id}: addressing {mode!r} is not known", hint="use intercepted or explicit"
        )
    return Explicit(
        _address(node_id, "ingress", metadata),
        _address(node_id, "egress", metadata),
        _address(node_id, "application", metadata) if metadata.get("application") else "",
    )


def _address(node_id: str, name: str, metadata: Mapping[str, str]) -> str:
    text = metadata.get(name, "")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(
            f"{node_id}: {name} address {text!r} is not an IP address",
            hint=f"set {METADATA_KEY}.{name} in the proxy's node metadata, 127.0.1.1 for example",
        ) from None
