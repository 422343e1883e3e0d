"""Applications that answer with their name and the request, in HTTP/1.1, HTTP/2 or gRPC.

Requests control them (``conduct``). The protocol is detected from the first bytes.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from tests.support.crossroads.conduct import Conduct, Ledger

Headers = Mapping[str, str]


class Reset(Exception):
    """The application ends a stream with an error instead of answering."""

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(frozen=True)
class App:
    """An application with its address."""

    name: str
    address: str
    port: int
    ledger: Ledger
    protocol: str = "http"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.protocol == "tcp":
                await _echo(self.name, reader, writer)
            elif (head := await reader.readuntil(b"\r\n\r\n")).startswith(b"PRI * HTTP/2.0"):
                await _Http2(self, writer).serve(reader, head)
            else:
                await _serve_http1(self, head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ProtocolError, Reset):
            pass
        except asyncio.CancelledError:
            pass  # All end; asyncio would make an error of it.
        finally:
            writer.close()

    def answer(self, headers: Headers) -> bytes:
        """Return the answer to a request: the application's name, and the whole request."""
        said = {"app": self.name, "path": headers[":path"], "headers": dict(headers)}
        return json.dumps(said).encode()

    async def behave(self, headers: Headers) -> Conduct:
        """Wait as long as the request demands, and return how to answer.

        :raises Reset: the request demands no answer.
        """
        conduct = self.ledger.conduct(self.name, headers)
        if conduct.hold:
            await asyncio.to_thread(self.ledger.wait_until_released, headers.get("x-key", ""))
        await asyncio.sleep(conduct.delay)
        if conduct.reset is not None:
            raise Reset(conduct.reset)
        return conduct


async def _pieces(body: bytes, conduct: Conduct) -> AsyncIterator[bytes]:
    """Yield the pieces of a body in the demanded form."""
    count = max(conduct.drip, 1)
    size = -(-len(body) // count)
    for index in range(count):
        yield body[index * size : (index + 1) * size]
        await asyncio.sleep(0.1 if conduct.drip else 0)


async def _echo(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(f"{name}: ".encode() + line)
        await writer.drain()


async def _serve_http1(
    app: App, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while head:
        headers = _parsed(head)
        await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("upgrade") == "websocket":
            writer.write(b"HTTP/1.1 101 Yes\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            await _echo(app.name, reader, writer)
            return
        conduct = await app.behave(headers)
        body = b"" if headers[":method"] == "HEAD" else app.answer(headers)
        writer.write(f"HTTP/1.1 {conduct.status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(conduct.stall)
        async for piece in _pieces(body, conduct):
            writer.write(piece)
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")


def _parsed(head: bytes) -> dict[str, str]:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    found = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return {":method": method, ":path": path, ":authority": found.pop("host", ""), **found}


class _Http2:
    """One connection of HTTP/2, each stream answered in a task of its own."""

    def __init__(self, app: App, writer: asyncio.StreamWriter) -> None:
        self._app = app
        self._writer = writer
        self._connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._asked: dict[int, dict[str, str]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self, reader: asyncio.StreamReader, first: bytes) -> None:
        self._connection.initiate_connection()
        try:
            data = first
            while data:
                for event in self._connection.receive_data(data):
                    self._take(event)
                await self._flush()
                data = await reader.read(65536)
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int() as stream):
                self._asked[stream] = {str(name): str(value) for name, value in event.headers or ()}
            case DataReceived(stream_id=int() as stream):
                size = event.flow_controlled_length or 0
                self._connection.acknowledge_received_data(size, stream)
            case StreamEnded(stream_id=int() as stream):
                self._tasks[stream] = asyncio.ensure_future(self._answer(stream))
            case StreamReset(stream_id=int() as stream):
                if task := self._tasks.get(stream):
                    task.cancel()

    async def _answer(self, stream: int) -> None:
        headers = self._asked.pop(stream)
        grpc = headers.get("content-type", "").startswith("application/grpc")
        try:
            conduct = await self._app.behave(headers)
            if grpc:
                await self._say_grpc(stream, conduct, self._app.answer(headers))
            else:
                await self._say(stream, conduct, self._app.answer(headers))
        except Reset as reset:
            self._connection.reset_stream(stream, reset.code)
        except ProtocolError:
            pass  # The other side ended the stream meanwhile.
        await self._flush()

    async def _say(self, stream: int, conduct: Conduct, body: bytes) -> None:
        self._connection.send_headers(stream, [(":status", str(conduct.status))])
        await self._send(stream, conduct, body)
        self._connection.end_stream(stream)

    async def _say_grpc(self, stream: int, conduct: Conduct, body: bytes) -> None:
        head = [(":status", str(conduct.status)), ("content-type", "application/grpc")]
        if conduct.status != 200 or conduct.grpc_status:
            status = [("grpc-status", str(conduct.grpc_status))] if conduct.grpc_status else []
            self._connection.send_headers(stream, [*head, *status], end_stream=True)
            return
        self._connection.send_headers(stream, head)
        await self._send(stream, conduct, b"\0" + len(body).to_bytes(4, "big") + body)
        self._connection.send_headers(
            stream, [("grpc-status", str(conduct.late_status))], end_stream=True
        )

    async def _send(self, stream: int, conduct: Conduct, body: bytes) -> None:
        await self._flush()
        await asyncio.sleep(conduct.stall)
        async for piece in _pieces(body, conduct):
            self._connection.send_data(stream, piece)
            await self._flush()

    async def _flush(self) -> None:
        self._writer.write(self._connection.data_to_send())
        await self._writer.drain()


@contextmanager
def serving(*apps: App) -> Iterator[None]:
    """Run applications in a separate thread until the end of the block."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    done = asyncio.Event()

    async def serve() -> None:
        servers = [await asyncio.start_server(app.serve, app.address, app.port) for app in apps]
        ready.set()
        await done.wait()
        for server in servers:
            server.close()
        current = asyncio.current_task()
        open_ones = [task for task in asyncio.all_tasks() if task is not current]
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(5), "the applications did not start"
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()
