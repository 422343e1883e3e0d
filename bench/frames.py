"""As much of HTTP/2 and gRPC as a client needs that opens one stream on one connection (RFC 9113).

Frames are made ahead and sent as they are. Header fields are literal and never Huffman-coded, and
those that come back are skipped unread, so nothing of HPACK is needed but its static table.
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
"""The flag of SETTINGS and PING that marks an answer."""
END_STREAM: Final = 1
"""The flag of DATA and HEADERS that marks the last frame of a stream."""
_END_HEADERS: Final = 4

HEAD: Final = 9
"""How many bytes stand before a frame's payload."""
STREAM: Final = 1
MAX_FRAME: Final = 16_384
WINDOW: Final = 65_535
"""How much may be sent before the other side makes room for more."""
_ROOM: Final = 1 << 30
"""How much we take without ever making room for more: more than any run sends."""

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
    """Return what a client sends first: preface, settings, and the call of a gRPC method."""
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
    """Return the frames that carry one gRPC message."""
    whole = b"\0" + len(data).to_bytes(4, "big") + data
    return b"".join(
        frame(DATA, 0, STREAM, whole[at : at + MAX_FRAME]) for at in range(0, len(whole), MAX_FRAME)
    )


def hanging_up() -> bytes:
    """Return what a client sends that goes away: the call is cancelled."""
    return frame(RST_STREAM, 0, STREAM, (8).to_bytes(4, "big"))


def pong(payload: bytes) -> bytes:
    """Return the answer to a PING."""
    return frame(PING, ACK, 0, payload)


def _text(value: str) -> bytes:
    data = value.encode()
    if len(data) > 126:
        raise ValueError(f"longer than a length of one byte can tell: {value!r}")
    return bytes((len(data),)) + data
