"""Decoder for the fields of discovery requests that this server needs.

protobuf's own runtime parses the bytes (see :mod:`xds.wire.schema`); a real Envoy's first request
is 61 KB, nearly all of it a list of extensions, which is not decoded. For any bytes, the time is
proportional to their number, and the only error is :class:`DecodeError`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError as ParseError

from xds.nodes import METADATA_KEY
from xds.wire import schema
from xds.wire.fields import DecodeError

MAX_NAMES: Final = 20_000
"""Maximum number of resource names in one request; a mesh of thousands of clusters stays below it.
"""
MAX_NAME: Final = 2_048
"""Maximum bytes of a name. The longest names that gitmesh generates have about 600."""
MAX_VERSION: Final = 64
"""Maximum characters kept of versions and nonces; gitmesh's own are shorter."""
MAX_MESSAGE: Final = 1_000
"""Maximum characters kept of a proxy's error message, which is untrusted text."""
SHORT: Final = 2_048
"""Requests up to this size, in bytes, are cached for a while, because most are equal ACKs."""
MAX_CLUSTER: Final = 256
MAX_AGENT: Final = 128
"""Maximum characters kept of a client's cluster name, program name and program version."""


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """Reason why a client refused a response."""

    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """The ``node`` of a request: identity and properties of the client."""

    id: str = ""
    cluster: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The strings in the metadata's member ``gitmesh``."""
    user_agent_name: str = ""
    user_agent_version: str = ""
    """Version of the client's software: as the client writes it, or, for Envoy, ``1.37.0`` from its
    build version."""
    client_features: tuple[str, ...] = ()


class DiscoveryRequest(NamedTuple):
    """A request for resources in their entirety, or the answer to a response."""

    type_url: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    nonce: str = ""
    error: ErrorDetail | None = None
    node: Node | None = None


class DeltaDiscoveryRequest(NamedTuple):
    """A change of subscription, or the answer to a delta response."""

    type_url: str = ""
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = MappingProxyType({})
    nonce: str = ""
    error: ErrorDetail | None = None
    node: Node | None = None


def decode_request(data: bytes) -> DiscoveryRequest:
    """Read an ``envoy.service.discovery.v3.DiscoveryRequest``.

    :raises DecodeError: the bytes are not such a message, or exceed a limit.
    """
    return (_read_again if len(data) <= SHORT else _read)(data)


def decode_delta_request(data: bytes) -> DeltaDiscoveryRequest:
    """Read an ``envoy.service.discovery.v3.DeltaDiscoveryRequest``.

    :raises DecodeError: the bytes are not such a message, or exceed a limit.
    """
    return (_read_delta_again if len(data) <= SHORT else _read_delta)(data)


def decode_reporting_node(data: bytes) -> Node | None:
    """Read the node of an ``envoy.service.load_stats.v3.LoadStatsRequest``.

    :raises DecodeError: the bytes are not such a message, or exceed a limit.
    """
    return _node(_parsed(schema.LoadReport, data))


def decode_measured_node(data: bytes) -> Node | None:
    """Read the node of an ``envoy.service.metrics.v3.StreamMetricsMessage``.

    :raises DecodeError: the bytes are not such a message, or exceed a limit.
    """
    return _node(_parsed(schema.Metrics, data).identifier)


def _read(data: bytes) -> DiscoveryRequest:
    read = _parsed(schema.Request, data)
    _bound(len(read.resource_names))
    return DiscoveryRequest(
        _name(read.type_url),
        read.version_info[:MAX_VERSION],
        tuple(map(_name, read.resource_names)),
        read.response_nonce[:MAX_VERSION],
        _error(read),
        _node(read),
    )


def _read_delta(data: bytes) -> DeltaDiscoveryRequest:
    read = _parsed(schema.DeltaRequest, data)
    subscribe, unsubscribe = read.resource_names_subscribe, read.resource_names_unsubscribe
    versions = read.initial_resource_versions
    _bound(len(subscribe) + len(unsubscribe) + len(versions))
    return DeltaDiscoveryRequest(
        _name(read.type_url),
        tuple(map(_name, subscribe)),
        tuple(map(_name, unsubscribe)),
        {_name(name): version[:MAX_VERSION] for name, version in versions.items()},
        read.response_nonce[:MAX_VERSION],
        _error(read),
        _node(read),
    )


# Cached: proxies of one node send equal answers to a push, including the nonce.
_read_again = lru_cache(1024)(_read)
_read_delta_again = lru_cache(1024)(_read_delta)


def _parsed(message: Any, data: bytes) -> Any:
    try:
        return message.FromString(data)
    except ParseError:
        raise DecodeError("the bytes are corrupt, or a string in them is not UTF-8") from None


def _node(request: Any) -> Node | None:
    """Return an ``envoy.config.core.v3.Node``, with the fields that are read; None if there is
    none."""
    if not request.HasField("node"):
        return None
    node = request.node
    _bound(len(node.client_features))
    version = node.user_agent_version or _build_version(node)
    return Node(
        node.id,
        node.cluster[:MAX_CLUSTER],
        _own_metadata(node),
        node.user_agent_name[:MAX_AGENT],
        version[:MAX_AGENT],
        tuple(node.client_features),
    )


def _build_version(node: Any) -> str:
    if not node.user_agent_build_version.HasField("version"):
        return ""
    version = node.user_agent_build_version.version
    return f"{version.major_number}.{version.minor_number}.{version.patch}"


def _own_metadata(node: Any) -> Mapping[str, str]:
    members = node.metadata.fields
    if METADATA_KEY not in members:
        return {}
    own = members[METADATA_KEY].struct_value.fields
    _bound(len(own))
    return {name: v.string_value for name, v in own.items() if v.HasField("string_value")}


def _error(request: Any) -> ErrorDetail | None:
    """Return a ``google.rpc.Status``; the request is a refusal if this is present, even if
    empty."""
    if not request.HasField("error_detail"):
        return None
    # Cut the bytes first: a character has at most four bytes.
    message = request.error_detail.message[: 4 * MAX_MESSAGE]
    return ErrorDetail(request.error_detail.code, message.decode(errors="replace")[:MAX_MESSAGE])


def _name(text: str) -> str:
    if len(text) > MAX_NAME // 4 and (size := len(text.encode())) > MAX_NAME:
        raise DecodeError(f"a name may have {MAX_NAME:,} bytes, not {size:,}")
    return text


def _bound(count: int) -> None:
    if count > MAX_NAMES:
        raise DecodeError(f"a request may hold {MAX_NAMES} names, not {count}")
