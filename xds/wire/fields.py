"""Iteration over the fields of a protobuf message without its type; safe for hostile bytes."""

from collections.abc import Iterator

from xds.wire.varint import FIXED32, FIXED64, LENGTH, VARINT


class DecodeError(ValueError):
    """The bytes are not a protobuf message."""


def fields(
    data: bytes, at: int = 0, end: int | None = None, *, skip: int = -1
) -> Iterator[tuple[int, int, int]]:
    """Yield ``(key, a, b)`` for each field of the message in ``data[at:end]``.

    ``key`` is the field's number and wire type as written, ``number << 3 | wire_type``. For
    strings, bytes and messages ``data[a:b]`` is the payload; for a varint ``a`` is the value; for
    fixed-size fields ``data[a:b]`` is the value. The cost does not depend on a field's length.

    :param skip: the key of a field to leave out; most of its occurrences are not yielded.
    :raises DecodeError: at the first field that is truncated, too long or of unknown wire type.
    """
    stop = len(data) if end is None else end
    while at < stop:
        key = data[at]
        if key == skip:
            at = _after(data, at, stop, skip)
            if at >= stop:
                break
            key = data[at]
        at += 1
        if key > 0x7F:
            key, at = _varint(data, at - 1, stop)
        kind = key & 7
        if kind == LENGTH and at < stop and data[at] < 0x80:
            # Inlined, because this is by far the most frequent field type.
            size, at = data[at], at + 1
        elif kind == VARINT:
            value, at = _varint(data, at, stop)
            yield _checked(key), value, at
            continue
        else:
            size, at = _size(kind, data, at, stop)
        if size > stop - at:
            raise DecodeError("a field is longer than its message")
        yield key if 8 <= key <= 0x7F else _checked(key), at, at + size
        at += size


def _after(data: bytes, at: int, stop: int, key: int) -> int:
    """Return the end of a run of short fields with the same key."""
    last = stop - 1
    while at < last and data[at] == key and data[at + 1] < 0x80:
        at += 2 + data[at + 1]
    if at > stop:
        raise DecodeError("a field is longer than its message")
    return at


def _checked(key: int) -> int:
    if not 8 <= key <= 0xFFFF_FFFF:
        raise DecodeError("a field's number is out of range")
    return key


def _size(kind: int, data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return the size of a field that is not a varint, and the position of its value."""
    if kind == LENGTH:
        return _varint(data, at, stop)
    if kind in _FIXED:
        return _FIXED[kind], at
    # Groups ended with proto2; xDS has none, and skipping one needs recursion.
    raise DecodeError(f"wire type {kind} is not supported")


_FIXED = {FIXED32: 4, FIXED64: 8}


def _varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Read a varint of at most ten bytes; return its value and the position after it."""
    if at + 1 < stop and data[at + 1] < 0x80 <= data[at]:
        return data[at] & 0x7F | data[at + 1] << 7, at + 2
    value = shift = 0
    while at < stop:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift > 63:
            raise DecodeError("a varint is longer than ten bytes")
    raise DecodeError("a varint is cut off")
