"""``python -m bench.bare``: the least that the API's HTTP server can do, as a comparison.

A Starlette route that returns given bytes, served by our server with the settings of the API.
Commands are lines of JSON on standard input; each gets one line as response (:mod:`bench.child`).
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gitmesh.web.server import listen, serve_http


class Bare:
    """The server and the bytes that it returns."""

    def __init__(self) -> None:
        self._listener = listen("127.0.0.1:0")
        self._body = b""

    async def run(self) -> None:
        """Serve until standard input ends."""
        app = Starlette(routes=[Route("/{path:path}", self._answer)])
        serving = asyncio.create_task(serve_http(app, self._listener))
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(self._obey(json.loads(line))), flush=True)
        serving.cancel()
        await asyncio.wait([serving])

    async def _answer(self, _: Request) -> Response:
        return Response(self._body, media_type="application/json")

    def _obey(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        self._body = command["body"].encode()
        return {"port": self._listener.getsockname()[1]}


if __name__ == "__main__":
    asyncio.run(Bare().run())
