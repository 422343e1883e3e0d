"""Varints, tags and length prefixes of the protobuf encoding."""

from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5

_SMALL: Final = tuple(
    bytes((n,)) if n < 0x80 else bytes((n & 0x7F | 0x80, n >> 7)) for n in range(2048)
)


def varint(value: int) -> bytes:
    """Return an integer as a varint; negative numbers take ten bytes.

    :raises ValueError: the number does not fit in 64 bits.
    """
    if 0 <= value < 2048:
        return _SMALL[value]
    if value < 0:
        value += 1 << 64
    if not 0 <= value < 1 << 64:
        raise ValueError("a varint holds 64 bits")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """Return the tag of field ``number``."""
    return varint(number << 3 | wire_type)


def delimited(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field: tag, length, payload."""
    return tag(number, LENGTH) + varint(len(payload)) + payload
