"""The HTTP server: uvicorn as a task of gitmesh's event loop, behind the :class:`Gate` of
connections."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from events.descriptors import descriptor_limit, room_for_http
from gitmesh.web.connection import Gate

UNREAD_WITHIN_MS: Final = 30_000


class _Server(uvicorn.Server):
    """uvicorn server without signal handlers: it ends when its task is cancelled."""

    def __init__(
        self,
        config: uvicorn.Config,
        most: int,
        tls: Callable[[], ssl.SSLContext] | None,
        told: Callable[[int], None],
    ) -> None:
        super().__init__(config)
        self._gate = Gate(config, self.server_state, most, tls, told)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(self._gate.protocol, sock=each) for each in sockets or []
        ]
        self.started = True


async def serve_http(
    application: ASGIApp,
    listener: socket.socket,
    *,
    tls: Callable[[], ssl.SSLContext] | None = None,
    ending: Callable[[], None] = lambda: None,
    connections: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve HTTP on a bound socket until cancelled; then finish the running requests.

    It takes as many connections as :func:`events.descriptors.room_for_http` leaves it.

    :param connections: told how many connections are open, whenever that changes.
    :param tls: returns the context of the next handshake.
    :param ending: ends the answers that would not end by themselves.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        http="h11",
        ws="none",
    )
    server = _Server(config, room_for_http(descriptor_limit()), tls, connections)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        ending()
        server.should_exit = True
        await asyncio.wait([serving])


def listen(address: str) -> socket.socket:
    """Return a socket that is bound to ``host:port``.

    :raises OSError: the address is in use, or does not belong to this machine.
    """
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no delay
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Who does not read what was sent is cut off, also where nothing waits for them any more.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_WITHIN_MS)
        bound.bind((host.strip("[]"), int(port)))
        bound.set_inheritable(False)
    except BaseException:
        bound.close()
        raise
    return bound
