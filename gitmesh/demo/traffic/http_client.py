"""A small HTTP/1.1 client with persistent connections and without retries."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024


class BadReply(Exception):
    """The server closed the connection, or sent something that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str]
    """The headers, with names in lower case."""
    body: bytes


class Connection:
    """One connection to one address, opened at the first request, and again after it was closed."""

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, host: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Request ``path`` and return the response, whatever its status.

        :raises BadReply: the server closed the connection or did not send HTTP.
        :raises OSError: the server cannot be reached.
        """
        try:
            reply = await self._exchange(path, host, headers or {})
        except BaseException:
            self.close()  # what is left in the stream belongs to nobody now
            raise
        if reply.headers.get("connection", "").lower() == "close":
            self.close()
        return reply

    def close(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, path: str, host: str, headers: Mapping[str, str]) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._address, self._port, limit=MAX_HEAD_BYTES
            )
        reader, writer = self._streams
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status, fields = parse_head(head)
            if fields.get("transfer-encoding", "").lower() == "chunked":
                body = await _chunks(reader)
            else:
                body = await reader.readexactly(int(fields.get("content-length", "0")))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise BadReply(f"the answer broke off: {error}") from None
        return Reply(status, fields, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")  # no trailers: nobody here asked for any
    return body


class Pool:
    """Connections to one address, as many as are in use at once."""

    def __init__(self, address: str, port: int) -> None:
        self._place = (address, port)
        self._idle: list[Connection] = []

    async def get(self, path: str, host: str) -> Reply:
        """Request over an idle connection, or over a new one."""
        connection = self._idle.pop() if self._idle else Connection(*self._place)
        reply = await connection.get(path, host)
        self._idle.append(connection)
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Parse status and header fields of a response.

    :raises BadReply: the head is not HTTP/1.1.
    """
    status_line, *lines = head.decode("latin-1").split("\r\n")
    parts = status_line.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise BadReply(f"not HTTP: {status_line!r}")
    fields = (line.partition(":") for line in lines if line)
    return int(parts[1]), {name.strip().lower(): value.strip() for name, _, value in fields}
