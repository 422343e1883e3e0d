"""Minimal HTTP/2 and gRPC client: one stream on one connection (RFC 9113).

Frames are prepared before the run. Header fields are literal and never Huffman-coded, and received
ones are skipped, so it needs only HPACK's static table.
"""

from typing import Final

DATA: Final = 0
HEADERS: Final = 1
RST_STREAM: Final = 3
SETTINGS: Final = 4
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8

ACK: Final = 1
"""Flag of SETTINGS and PING that marks an acknowledgement."""
END_STREAM: Final = 1
"""Flag of DATA and HEADERS that marks the last frame of a stream."""
_END_HEADERS: Final = 4

HEAD: Final = 9
"""Size of a frame's header, in bytes."""
STREAM: Final = 1
MAX_FRAME: Final = 16_384
WINDOW: Final = 65_535
"""Initial flow-control window, in bytes."""
_ROOM: Final = 1 << 30
"""Our receive window, larger than what any run sends, so that it needs no update."""

SETTINGS_ACK: Final = b"\0\0\0\4\1\0\0\0\0"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame."""
    return b"".join(
        (
            len(payload).to_bytes(3, "big"),
            bytes((kind, flags)),
            stream.to_bytes(4, "big"),
            payload,
        )
    )


def opening(authority: str, path: str) -> bytes:
    """Return the first bytes of a client: preface, settings, and the call of a gRPC method."""
    settings = b"\0\2\0\0\0\0" + b"\0\4" + _ROOM.to_bytes(4, "big")  # no push, large window
    room = (_ROOM - WINDOW).to_bytes(4, "big")
    block = b"".join(
        (
            b"\x83\x86",  # :method POST, :scheme http
            b"\x04" + _text(path),
            b"\x01" + _text(authority),
            b"\x0f\x10" + _text("application/grpc"),  # content-type
            b"\x00" + _text("te") + _text("trailers"),
        )
    )
    return b"".join(
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            frame(SETTINGS, 0, 0, settings),
            frame(WINDOW_UPDATE, 0, 0, room),
            frame(HEADERS, _END_HEADERS, STREAM, block),
        )
    )


def message(data: bytes) -> bytes:
    """Return the frames of one gRPC message."""
    whole = b"\0" + len(data).to_bytes(4, "big") + data
    return b"".join(
        frame(DATA, 0, STREAM, whole[at : at + MAX_FRAME]) for at in range(0, len(whole), MAX_FRAME)
    )


def hanging_up() -> bytes:
    """Return the frames that cancel the call."""
    return frame(RST_STREAM, 0, STREAM, (8).to_bytes(4, "big"))


def pong(payload: bytes) -> bytes:
    """Return the answer to a PING."""
    return frame(PING, ACK, 0, payload)


def _text(value: str) -> bytes:
    data = value.encode()
    if len(data) > 126:
        raise ValueError(f"longer than a length of one byte can tell: {value!r}")
    return bytes((len(data),)) + data
