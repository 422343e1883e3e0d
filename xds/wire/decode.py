"""Read what we need of discovery requests, and skip the rest without parsing it.

A real Envoy's first request is 61 KB, nearly all of it a list of extensions that nobody here asks
for. Reading follows protobuf's rules: the last occurrence of a field counts, occurrences of one
submessage are merged, unknown fields are skipped. Whatever the bytes, reading costs time in
proportion to their number and fails with :class:`DecodeError` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from xds.nodes import METADATA_KEY
from xds.wire.fields import DecodeError, fields
from xds.wire.varint import LENGTH

MAX_NAMES: Final = 20_000
"""How many resource names one request may hold: a mesh of thousands of clusters stays below."""
MAX_NAME: Final = 2_048
"""How long a name may be, in bytes. The longest that we make have some 600."""
MAX_VERSION: Final = 64
"""How much is read of versions and nonces, in characters: ours are shorter than that."""
MAX_MESSAGE: Final = 1_000
"""How much of a proxy's error message is kept, in characters: it is somebody else's text."""
SHORT: Final = 2_048
"""Requests up to this size, in bytes, are remembered for a while: most are ACKs."""
MAX_CLUSTER: Final = 256
MAX_AGENT: Final = 128
"""How much is kept of what a client calls its cluster, its program and the program's version."""


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """Why a client refused a response."""

    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """What a client says of itself."""

    id: str = ""
    cluster: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The strings in our own member of the metadata, ``gitmesh``."""
    user_agent_name: str = ""
    user_agent_version: str = ""
    """As the client writes it, or ``1.37.0`` of its build's version, which is Envoy's way."""
    client_features: tuple[str, ...] = ()


class DiscoveryRequest(NamedTuple):
    """A request for resources in their entirety, or the answer to a response."""

    type_url: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    nonce: str = ""
    error: ErrorDetail | None = None
    node: bytes = b""
    """The node as it was written, for :func:`decode_node`; empty when there is none."""


class DeltaDiscoveryRequest(NamedTuple):
    """A change of subscription, or the answer to a delta response."""

    type_url: str = ""
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = MappingProxyType({})
    nonce: str = ""
    error: ErrorDetail | None = None
    node: bytes = b""


def _key(number: int) -> int:
    return number << 3 | LENGTH


_1, _2, _3, _4, _5, _6, _7, _8 = (_key(number) for number in range(1, 9))
_9, _10 = _key(9), _key(10)


def decode_request(data: bytes) -> DiscoveryRequest:
    """Read an ``envoy.service.discovery.v3.DiscoveryRequest``.

    :raises DecodeError: the bytes are no such message, or it holds too much.
    """
    return (_read_again if len(data) <= SHORT else _read)(data)


def _read(data: bytes) -> DiscoveryRequest:
    type_url = version = nonce = ""
    node: list[bytes] = []
    error: list[bytes] = []
    names: list[str] = []
    for key, a, b in fields(data):
        if key == _3:
            names.append(_name(data, a, b))
        elif key == _1:
            version = _text(data, a, b)[:MAX_VERSION]
        elif key == _4:
            type_url = _name(data, a, b)
        elif key == _5:
            nonce = _text(data, a, b)[:MAX_VERSION]
        elif key == _2:
            node.append(data[a:b])
        elif key == _6:
            error.append(data[a:b])
    _bound(len(names))
    return DiscoveryRequest(type_url, version, tuple(names), nonce, _error(error), _merged(node))


def decode_delta_request(data: bytes) -> DeltaDiscoveryRequest:
    """Read an ``envoy.service.discovery.v3.DeltaDiscoveryRequest``.

    :raises DecodeError: the bytes are no such message, or it holds too much.
    """
    return (_read_delta_again if len(data) <= SHORT else _read_delta)(data)


def _read_delta(data: bytes) -> DeltaDiscoveryRequest:
    texts = {_2: "", _6: ""}
    lists: dict[int, list[str]] = {_3: [], _4: []}
    parts: dict[int, list[bytes]] = {_1: [], _7: []}
    versions: dict[str, str] = {}
    for key, a, b in fields(data):
        if key in lists:
            lists[key].append(_name(data, a, b))
        elif key in texts:
            texts[key] = _name(data, a, b)
        elif key in parts:
            parts[key].append(data[a:b])
        elif key == _5:
            name, value = _entry(data, a, b)
            versions[name] = value
    _bound(len(lists[_3]) + len(lists[_4]) + len(versions))
    return DeltaDiscoveryRequest(
        texts[_2],
        tuple(lists[_3]),
        tuple(lists[_4]),
        versions,
        texts[_6][:MAX_VERSION],
        _error(parts[_7]),
        _merged(parts[_1]),
    )


# Proxies of one node answer a push alike, down to the nonce: the second one's words are known.
_read_again = lru_cache(1024)(_read)
_read_delta_again = lru_cache(1024)(_read_delta)


def decode_node(data: bytes) -> Node:
    """Read an ``envoy.config.core.v3.Node``.

    :raises DecodeError: the bytes are no such message, or it holds too much.
    """
    texts = {_1: "", _2: "", _6: "", _7: ""}
    parts: dict[int, list[bytes]] = {_3: [], _8: []}
    features: list[str] = []
    for key, a, b in fields(data, skip=_9):
        if key in texts:
            texts[key] = _text(data, a, b)
        elif key in parts:
            parts[key].append(data[a:b])
        elif key == _10:
            features.append(_text(data, a, b))
        # `user_agent_version` and `user_agent_build_version` are arms of one oneof.
        if key == _7:
            parts[_8].clear()
        elif key == _8:
            texts[_7] = ""
    ours = _our_member(_merged(parts[_3]))
    _bound(len(features) + len(ours))
    version = texts[_7] or _build_version(_merged(parts[_8]))
    return Node(
        texts[_1],
        texts[_2][:MAX_CLUSTER],
        ours,
        texts[_6][:MAX_AGENT],
        version[:MAX_AGENT],
        tuple(features),
    )


def _build_version(build: bytes) -> str:
    """Read the ``envoy.type.v3.SemanticVersion`` of a BuildVersion; empty when it has none."""
    versions = [build[a:b] for key, a, b in fields(build) if key == _1]
    numbers = {1 << 3: 0, 2 << 3: 0, 3 << 3: 0}
    for key, value, _ in fields(_merged(versions)):
        if key in numbers:
            numbers[key] = value & 0xFFFF_FFFF
    return ".".join(map(str, numbers.values())) if versions else ""


# ---- google.protobuf.Struct, as far as our own metadata goes ------------------------------------


def _our_member(struct: bytes) -> Mapping[str, str]:
    ours = b""
    for key, a, b in fields(struct):
        if key == _1:
            name, value = _struct_entry(struct, a, b)
            if name == METADATA_KEY:
                ours = value
    inner: dict[str, str] = {}
    for body in _arms(ours, _5):
        for key, a, b in fields(body):
            if key == _1:
                name, value = _struct_entry(body, a, b)
                strings = _arms(value, _3)
                if strings:
                    inner[name] = _text(strings[-1], 0, len(strings[-1]))
                else:
                    inner.pop(name, None)
    return inner


def _struct_entry(data: bytes, at: int, end: int) -> tuple[str, bytes]:
    """Read a map entry of a Struct: its key, and its Value unread."""
    name = ""
    value: list[bytes] = []
    for key, a, b in fields(data, at, end):
        if key == _1:
            name = _text(data, a, b)
        elif key == _2:
            value.append(data[a:b])
    return name, _merged(value)


def _arms(value: bytes, wanted: int) -> list[bytes]:
    """Return the payloads of one arm of a Value's oneof; empty when another arm came last."""
    arms: list[bytes] = []
    for key, a, b in fields(value):
        if key == wanted:
            arms.append(value[a:b])
        elif key >> 3 <= 6:
            arms.clear()
    return arms


# ---- parts --------------------------------------------------------------------------------------


def _text(data: bytes, a: int, b: int) -> str:
    try:
        return str(data[a:b], "utf-8")
    except UnicodeDecodeError:
        raise DecodeError("a string is not UTF-8") from None


def _name(data: bytes, a: int, b: int) -> str:
    if b - a > MAX_NAME:
        raise DecodeError(f"a name may have {MAX_NAME:,} bytes, not {b - a:,}")
    return _text(data, a, b)


def _merged(occurrences: list[bytes]) -> bytes:
    """Concatenate the occurrences of a submessage, which is how protobuf merges them."""
    return occurrences[0] if len(occurrences) == 1 else b"".join(occurrences)


def _entry(data: bytes, at: int, end: int) -> tuple[str, str]:
    name = value = ""
    for key, a, b in fields(data, at, end):
        if key == _1:
            name = _name(data, a, b)
        elif key == _2:
            value = _text(data, a, b)[:MAX_VERSION]
    return name, value


def _error(occurrences: list[bytes]) -> ErrorDetail | None:
    """Read a ``google.rpc.Status``; its presence alone, even empty, says that it is a refusal."""
    if not occurrences:
        return None
    status = _merged(occurrences)
    code, message = 0, ""
    for key, a, b in fields(status):
        if key == 1 << 3:
            code = a & 0xFFFF_FFFF
        elif key == _2:
            # Cut by bytes first: four bytes are the longest character.
            message = str(status[a : min(b, a + 4 * MAX_MESSAGE)], "utf-8", "replace")
    return ErrorDetail(code, message[:MAX_MESSAGE])


def _bound(count: int) -> None:
    if count > MAX_NAMES:
        raise DecodeError(f"a request may hold {MAX_NAMES} names, not {count}")
