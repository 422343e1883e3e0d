"""``python -m bench.console_browsers``: clients of the console in one process with little overhead.

They do what browsers do: one session, a connection for each open page, an event stream beside it,
and the page again when the stream says that the log has grown. Commands are lines of JSON on
standard input; each gets one line as response (:mod:`bench.child`).
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode

_TOKEN: Final = re.compile(rb'name="csrf" value="([^"]+)"')
_POSITION: Final = re.compile(rb'data-live="([^"]+)"')
_LIMIT: Final = 1 << 24


class Connection:
    """A kept HTTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT))

    async def ask(self, head: str, body: str = "") -> tuple[int, bytes, bytes]:
        """Send a request; return status, head and body of its answer."""
        self.send(head, body)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        sized = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answered)
        content = await self._reader.readexactly(int(sized[1])) if sized else b""
        return int(answered.split(b" ", 2)[1]), answered, content

    def send(self, head: str, body: str = "") -> None:
        """Send a request."""
        length = f"content-length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{head}{length}\r\n{body}".encode())

    async def line(self) -> bytes:
        """Return the next line of an answer that does not end."""
        return await self._reader.readline()

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


class Browsers:
    """One session, and the pages that are open in it."""

    def __init__(self) -> None:
        self._port = 0
        self._cookie = ""
        self._open: list[asyncio.Task[None]] = []
        self._fetched = 0
        self._last_at = 0.0

    async def sign_in(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Come in by one click."""
        self._port, self._cookie = command["port"], ""
        connection = await Connection.open(self._port)
        _, head, page = await connection.ask(self._head("GET", "/sign-in", compressed=False))
        self._cookie = _cookies(head)
        found = _TOKEN.search(page)
        assert found is not None, "the page to sign in has no token"
        form = urlencode({"csrf": found[1].decode(), "next": "/"})
        asked = self._head("POST", "/sign-in", compressed=False)
        kind = "content-type: application/x-www-form-urlencoded\r\n"
        status, head, _ = await connection.ask(asked + kind, form)
        connection.close()
        self._cookie = _cookies(head)
        return {"status": status, "cookie": self._cookie}

    async def read(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for a page ``times`` times, one after another; respond with the seconds of each."""
        connection, times = await Connection.open(command.get("port", self._port)), list[float]()
        asked = self._head("GET", command["path"])
        status, _, body = await connection.ask(asked)
        for _ in range(command["times"]):
            began = time.perf_counter()
            await connection.ask(asked)
            times.append(time.perf_counter() - began)
        connection.close()
        return {"status": status, "bytes": len(body), "times": times}

    async def open(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Open pages that follow the log, one for each path."""
        self._fetched, began = 0, asyncio.Semaphore(0)
        for path in command["paths"]:  # one after the other, as people come
            self._open.append(asyncio.create_task(self._page(path, began)))
            await began.acquire()
        return {}

    async def counted(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond with the number of pages that were fetched anew, and the seconds since then."""
        return {"fetched": self._fetched, "since_s": time.monotonic() - self._last_at}

    async def close(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Close all pages; respond with why some had ended by themselves."""
        ended = [repr(task.exception()) for task in self._open if task.done()]
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._open.clear()
        return {"ended": ended, "fetched": self._fetched}

    async def _page(self, path: str, began: asyncio.Semaphore) -> None:
        connection = await Connection.open(self._port)
        _, _, page = await connection.ask(self._head("GET", path, compressed=False))
        connection.close()
        found = _POSITION.search(page)
        assert found is not None, f"{path} does not follow the log"
        stream = await Connection.open(self._port)
        try:
            stream.send(self._head("GET", f"/live?after={found[1].decode()}"))
            began.release()
            while line := await stream.line():
                if line.startswith(b"event: grown"):
                    connection = await Connection.open(self._port)
                    await connection.ask(self._head("GET", path) + "HX-Request: true\r\n")
                    connection.close()
                    self._fetched += 1
                    self._last_at = time.monotonic()
        finally:
            connection.close()
            stream.close()

    def _head(self, method: str, path: str, *, compressed: bool = True) -> str:
        coding = "accept-encoding: gzip\r\n" if compressed else ""
        cookie = f"cookie: {self._cookie}\r\n" if self._cookie else ""
        ours = f"origin: http://127.0.0.1:{self._port}\r\n" if method == "POST" else ""
        host = f"host: 127.0.0.1:{self._port}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{host}{coding}{cookie}{ours}"


def _cookies(head: bytes) -> str:
    found = re.findall(rb"(?i)\r\nset-cookie: *([^;\r]+)", head)
    return "; ".join(each.decode() for each in found)


async def main() -> None:
    """Execute commands until standard input ends."""
    browsers, loop = Browsers(), asyncio.get_running_loop()
    commands = {
        "sign in": browsers.sign_in,
        "read": browsers.read,
        "open": browsers.open,
        "counted": browsers.counted,
        "close": browsers.close,
    }
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        print(json.dumps(await commands[command.pop("do")](command)), flush=True)
    with suppress(Exception):
        await browsers.close({})


if __name__ == "__main__":
    asyncio.run(main())
