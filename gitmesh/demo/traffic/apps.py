"""The shop's applications, one small server per virtual node, and their name server.

An application returns its name and calls its backends, through its own sidecar's egress address and
by host name only, as an application in a mesh does. All applications run in one process, ``python
-m gitmesh.demo.traffic.apps LAYOUT.json``, separate from the demo that measures them.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from gitmesh.demo.layout import App, Call, Layout
from gitmesh.demo.traffic.http_client import BadReply, Pool
from gitmesh.demo.traffic.names import serve_names
from mesh.canonical import JsonObject

QUIET_PATH = "/items"
"""Path on which an application calls no backends."""
CALL_TIMEOUT_S = 10.0

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class HttpApp:
    """Answers every GET with JSON: its name, and its backends' answers."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pools = {call: Pool(call.address, call.port) for call in app.calls}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection in order."""
        try:
            while head := await _read_head(reader):
                path = head.split(" ", 2)[1]
                status, body = await self._respond(path)
                text = json.dumps(body).encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
                    f"content-length: {len(text)}\r\n\r\n".encode()
                    + text
                )
                await writer.drain()
        finally:
            writer.close()

    def close(self) -> None:
        """Close the connections to backends."""
        for pool in self._pools.values():
            pool.close()

    async def _respond(self, path: str) -> tuple[str, JsonObject]:
        body: JsonObject = {"node": self._app.node, "path": path}
        if path.split("?")[0] == QUIET_PATH:
            return "200 OK", body
        calls = list(self._pools)
        answers = await asyncio.gather(*map(self._call, calls), return_exceptions=True)
        failed = [a for a in answers if isinstance(a, BaseException)]
        body["calls"] = {
            call.service: f"failed: {answer}" if isinstance(answer, BaseException) else answer
            for call, answer in zip(calls, answers, strict=True)
        }
        return ("502 Bad Gateway" if failed else "200 OK"), body

    async def _call(self, call: Call) -> str:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            if call.protocol == "tcp":
                return await _ask_tcp(call)
            reply = await self._pools[call].get(QUIET_PATH, call.service)
        if reply.status != 200:
            raise BadReply(f"{call.service} answered {reply.status}: {reply.body[:200]!r}")
        return str(json.loads(reply.body)["node"])


async def _ask_tcp(call: Call) -> str:
    reader, writer = await asyncio.open_connection(call.address, call.port)
    try:
        writer.write(b"hello\n")
        line = await reader.readline()
    finally:
        writer.close()
    if not line.endswith(b"\n"):
        raise BadReply(f"{call.service} broke off")
    return line.decode().strip()


async def _read_head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


async def serve_tcp(app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each line with the application's name."""
    try:
        while await reader.readline():
            writer.write(f"{app.node}\n".encode())
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def run(layout: Layout) -> None:
    """Serve all applications and names until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(serve_names(layout.names, layout.address, layout.ports.dns))
        for app in layout.apps:
            for port, protocol in app.ports:
                handler: Handler = (
                    partial(serve_tcp, app) if protocol == "tcp" else HttpApp(app).serve
                )
                server = await asyncio.start_server(handler, app.address, port)
                group.create_task(server.serve_forever())
        sys.stdout.write("ready\n")
        sys.stdout.flush()


def main(path: Path) -> None:
    """Serve the applications described in a file until a signal ends the process."""
    asyncio.run(run(Layout.model_validate_json(path.read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
