"""Responses built from parts that are encoded once and shared by all streams.

Fields of a protobuf message may be concatenated in any order, so a response is a body that all
proxies with equal content share, and a short tail for one stream.
"""

from collections.abc import Iterable
from typing import Final

from xds.wire.varint import LENGTH, delimited, tag

# Field numbers that both kinds of response share.
_VERSION: Final = 1
_TYPE_URL: Final = 4
_NONCE: Final = tag(5, LENGTH)
# Field numbers of ``DiscoveryResponse``.
_CONTROL_PLANE: Final = 6
_ERRORS: Final = 7
# Field numbers of ``DeltaDiscoveryResponse``.
_REMOVED: Final = 6
_DELTA_CONTROL_PLANE: Final = 7
_DELTA_ERRORS: Final = 9

_NOT_FOUND: Final = delimited(2, tag(1, 0) + bytes((5,)) + delimited(2, b"not in the mesh"))
"""``ResourceError.error_detail``: a ``google.rpc.Status`` with code ``NOT_FOUND``."""


def resource_field(type_url: str, message: bytes) -> bytes:
    """Return one entry of ``DiscoveryResponse.resources``: the message in an ``Any``."""
    packed = delimited(1, type_url.encode())
    # As in every proto3 encoder, an empty message has no value field.
    return delimited(2, packed + delimited(2, message) if message else packed)


def delta_resource_field(name: str, version: str, entry: bytes) -> bytes:
    """Return one entry of ``DeltaDiscoveryResponse.resources``: a ``Resource``.

    ``entry`` is the result of :func:`resource_field`: field 2 of a ``Resource`` is an ``Any``, too.
    """
    named = delimited(1, version.encode()) + delimited(3, name.encode())
    return delimited(2, named + entry)


def response_body(
    type_url: str, version: str, resource_fields: Iterable[bytes], missing: Iterable[str] = ()
) -> bytes:
    """Return a ``DiscoveryResponse`` without nonce and control plane.

    ``missing`` are names reported as nonexistent in ``resource_errors``.
    """
    return b"".join(
        (
            delimited(_VERSION, version.encode()),
            *resource_fields,
            delimited(_TYPE_URL, type_url.encode()),
            *(_not_found(_ERRORS, name) for name in missing),
        )
    )


def delta_body(
    type_url: str,
    version: str,
    resource_fields: Iterable[bytes],
    removed: Iterable[str],
    missing: Iterable[str] = (),
) -> bytes:
    """Return a ``DeltaDiscoveryResponse`` without nonce and control plane."""
    return b"".join(
        (
            delimited(_VERSION, version.encode()),
            *resource_fields,
            delimited(_TYPE_URL, type_url.encode()),
            *(delimited(_REMOVED, name.encode()) for name in removed),
            *(_not_found(_DELTA_ERRORS, name) for name in missing),
        )
    )


def _not_found(field: int, name: str) -> bytes:
    """Return a ``ResourceError`` with ``ResourceName.name``."""
    return delimited(field, delimited(1, delimited(1, name.encode())) + _NOT_FOUND)


def identifier_field(identifier: str, *, delta: bool = False) -> bytes:
    """Return the response's ``control_plane`` with its identifier."""
    number = _DELTA_CONTROL_PLANE if delta else _CONTROL_PLANE
    return delimited(number, delimited(1, identifier.encode()))


def complete(body: bytes, nonce: str, identifier: bytes) -> bytes:
    """Return the complete response: shared body, this stream's nonce, and control plane."""
    text = nonce.encode()
    return b"".join((body, _NONCE, bytes((len(text),)), text, identifier))
