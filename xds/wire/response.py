"""Responses put together from parts that are encoded once and shared by every stream.

Fields of a protobuf message may come in any order and may be concatenated, so a response is a body
that all proxies with the same content share, and a tail of a few bytes for one stream.
"""

from collections.abc import Iterable
from typing import Final

from xds.wire.varint import LENGTH, delimited, tag

_VERSION: Final = 1
_TYPE_URL: Final = 4
_NONCE: Final = tag(5, LENGTH)
_CONTROL_PLANE: Final = 6
_DELTA_CONTROL_PLANE: Final = 7


def resource_field(type_url: str, message: bytes) -> bytes:
    """Return one entry of ``DiscoveryResponse.resources``: the message in an ``Any``."""
    packed = delimited(1, type_url.encode())
    # An empty message has no value field, as in every writer of proto3.
    return delimited(2, packed + delimited(2, message) if message else packed)


def response_body(type_url: str, version: str, resource_fields: Iterable[bytes]) -> bytes:
    """Return a ``DiscoveryResponse`` that lacks only its nonce and its control plane."""
    return b"".join(
        (
            delimited(_VERSION, version.encode()),
            *resource_fields,
            delimited(_TYPE_URL, type_url.encode()),
        )
    )


def identifier_field(identifier: str) -> bytes:
    """Return ``DiscoveryResponse.control_plane`` with its identifier."""
    return delimited(_CONTROL_PLANE, delimited(1, identifier.encode()))


def complete(body: bytes, nonce: str, identifier: bytes) -> bytes:
    """Return the whole response: the shared body, this stream's nonce, the control plane."""
    text = nonce.encode()
    return b"".join((body, _NONCE, bytes((len(text),)), text, identifier))
