"""The API's socket: answers leave at once."""

import asyncio
import socket

from gitmesh.web.server import listen


def test_answers_do_not_wait_for_acknowledgements() -> None:
    # 40 ms for each answer on a connection that is kept, if asyncio takes the socket for another
    # protocol than TCP.
    async def delays() -> int:
        found = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = writer.get_extra_info("socket")
            found.set_result(there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1:0") as listener:
            server = await asyncio.start_server(connected, sock=listener)
            async with server:
                _, writer = await asyncio.open_connection(*listener.getsockname())
                without_delay: int = await found
                writer.close()
                await writer.wait_closed()
        return without_delay

    assert asyncio.run(delays()) != 0
