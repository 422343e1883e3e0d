"""Connections of HTTP clients: their number, timeouts, and TLS.

uvicorn limits neither the time for headers, nor the time for reading a response, nor the number of
connections without a request. The :class:`Gate` in front of its protocol does.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_log = logging.getLogger(__name__)

HEADERS_WITHIN_S: Final = 10.0
"""Time for the headers of a request, from the start of the connection or from their first byte."""
READ_WITHIN_S: Final = 30.0
"""Time within which a client must continue to read when its buffers are full."""
HANDSHAKE_WITHIN_S: Final = 10.0
_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 protocol that closes connections which are too slow."""

    def __init__(self, config: Config, server_state: ServerState, lost: Callable[[], None]) -> None:
        super().__init__(config, server_state, {})
        self._lost = lost
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stop(self._timer)
        self._stop(self._unread)
        super().connection_lost(exc)
        self._lost()

    def data_received(self, data: bytes) -> None:
        """Process a part of a request."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Begin the next request; close the connection if the client has not sent the current one
        completely."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        self._look()

    def pause_writing(self) -> None:
        """Start the timeout for a client that does not read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timeout, because the client reads again."""
        self._stop(self._unread)
        self._unread = None
        super().resume_writing()

    def _look(self) -> None:
        """Start or stop the timeout for headers: it runs while a request has begun and its headers
        are incomplete."""
        if self.conn.their_state is not h11.IDLE:
            self._stop(self._timer)
            self._timer = None
        elif self._timer is None and self.conn.trailing_data[0]:
            self._await_headers()

    def _await_headers(self) -> None:
        self._timer = self.loop.call_later(HEADERS_WITHIN_S, self._too_slow)

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TIMEOUT)
            self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


@dataclass(slots=True)
class Gate:
    """Limits the number of connections, and does the TLS handshake if TLS is configured."""

    config: Config
    state: ServerState
    most: int
    tls: Callable[[], ssl.SSLContext] | None = None
    """Returns the context for the next handshake; plain text without."""
    told: Callable[[int], None] = lambda _: None
    """Told how many connections are open, whenever that changes."""
    open: int = 0
    refused: int = 0

    def count(self, change: int) -> None:
        """Count a connection that was opened (1) or that ended (-1)."""
        self.open += change
        self.told(self.open)

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of the next connection."""
        return _Entrance(self)


class _Entrance(asyncio.Protocol):
    """Protocol of a connection until HTTP begins."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin HTTP; with TLS, after the handshake."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- of a stream socket
        gate = self._gate
        if gate.open >= gate.most:
            gate.refused += 1
            if gate.refused == 1 or gate.refused % 1000 == 0:
                extra = {"connections": gate.open, "refused": gate.refused}
                _log.warning("too many connections of API clients", extra=extra)
            transport.abort()
            return
        gate.count(1)
        if gate.tls is None:
            self._begin(transport)
            return
        transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._handshake(transport, gate.tls()))

    def _begin(self, transport: asyncio.Transport) -> None:
        protocol = BoundedProtocol(self._gate.config, self._gate.state, self._left)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    async def _handshake(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        early = _Early()
        loop = asyncio.get_running_loop()
        try:
            secured: Any = await loop.start_tls(
                transport,
                early,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S,
                ssl_shutdown_timeout=HANDSHAKE_WITHIN_S,
            )
        except (OSError, asyncio.CancelledError) as error:  # ssl.SSLError is an OSError
            self._left()
            transport.abort()
            _log.info("no TLS with an API client", extra={"reason": str(error)[:200]})
            return
        if secured is None or early.is_lost:
            self._left()
            return
        self._begin(secured)
        if early.data:
            secured.get_protocol().data_received(bytes(early.data))

    def _left(self) -> None:
        self._gate.count(-1)


class _Early(asyncio.Protocol):
    """Buffers the bytes that arrive right after a handshake, before HTTP has begun."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
