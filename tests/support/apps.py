"""Small HTTP applications as routing targets: they answer with their name and the request.

A request controls the application: ``x-delay: 0.5`` delays the answer, ``x-fail: 503`` makes it
fail, ``x-fail-first: 2`` only for the first two attempts of the same ``x-key``.
"""

import asyncio
import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class App:
    """An application with its address."""

    name: str
    address: str
    port: int
    protocol: str = "http"
    _attempts: Counter[str] = field(default_factory=Counter, compare=False)

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, headers = _parsed(head)
                await reader.readexactly(int(headers.get("content-length", "0")))
                status = await self.status(path, headers)
                if status is None:
                    break
                answer = {"app": self.name, "method": method, "path": path, "headers": headers}
                _write(writer, status, b"" if method == "HEAD" else json.dumps(answer).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(f"{self.name}: ".encode() + line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def status(self, path: str, headers: Mapping[str, str]) -> int | None:
        """Return the status of the answer, after the delay; None for no answer."""
        await asyncio.sleep(float(headers.get("x-delay", "0")))
        return self._status(headers)

    def _status(self, headers: Mapping[str, str]) -> int:
        if "x-fail" not in headers:
            return 200
        self._attempts[headers.get("x-key", "")] += 1
        within = self._attempts[headers.get("x-key", "")] <= int(headers.get("x-fail-first", "999"))
        return int(headers["x-fail"]) if within else 200


@contextmanager
def serving(*apps: App) -> Iterator[None]:
    """Run applications in a separate thread until the end of the block."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    done = asyncio.Event()

    async def serve() -> None:
        servers = [
            await asyncio.start_server(
                app.serve_tcp if app.protocol == "tcp" else app.serve_http, app.address, app.port
            )
            for app in apps
        ]
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


@dataclass(frozen=True)
class Answer:
    """An answer: its status, and the application's name and the request that it saw."""

    status: int
    said: Mapping[str, Any]

    @property
    def app(self) -> str | None:
        """The application that answered; None if the proxy did."""
        return self.said.get("app")


def ask(address: str, port: int, path: str = "/", *, method: str = "GET", **headers: str) -> Answer:
    """Send one request; ``x_fail="503"`` is the header ``x-fail: 503``, ``host`` the host."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        body = response.read()
        said = json.loads(body) if body.startswith(b"{") else {}
        return Answer(response.status, said)
    finally:
        connection.close()


def say(address: str, port: int, line: str) -> str:
    """Send a line over TCP and return the line that comes back, or an empty one."""
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(f"{line}\n".encode())
        with connection.makefile() as file:
            try:
                return file.readline().rstrip("\n")
            except ConnectionError:
                return ""


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _write(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} Test\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
