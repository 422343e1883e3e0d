"""``python -m bench.limit``: the bare gRPC transport that sends prebuilt bytes, without any logic.

It answers the first request of each type with given bytes, and sends a change to every stream on
command. The difference between a real server and this one is the cost of the real server's logic.
"""

import asyncio
import base64
import gc
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any

import grpc
import grpc.aio

from bench.child import answer_commands_of
from bench.script import ASKED
from xds.server.settings import AdsSettings
from xds.server.transport import connection_limit, transport_options
from xds.wire.fields import fields
from xds.wire.response import complete

_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"


class Limit:
    """The server. All its streams are sent the same bytes."""

    def __init__(self) -> None:
        self._bodies: dict[bool, dict[bytes, bytes]] = {False: {}, True: {}}
        self._changes: dict[bool, list[bytes]] = {False: [], True: []}
        self._writers: dict[Any, bool] = {}
        self._nonce = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free port; return it."""
        settings = AdsSettings()
        options = transport_options(settings, connection_limit(settings))
        self._server = grpc.aio.server(options=options)
        method = grpc.stream_stream_rpc_method_handler
        table = {
            "StreamAggregatedResources": method(self._sotw),
            "DeltaAggregatedResources": method(self._delta),
        }
        handler = grpc.method_handlers_generic_handler(_SERVICE, table)
        self._server.add_generic_rpc_handlers((handler,))
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return int(port)

    async def stop(self) -> None:
        """End every stream."""
        await self._server.stop(0)

    async def _sotw(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await self._serve(requests, context, delta=False)

    async def _delta(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await self._serve(requests, context, delta=True)

    async def _serve(self, requests: AsyncIterator[bytes], context: Any, *, delta: bool) -> None:
        number = (2 if delta else 4) << 3 | 2
        bodies, answered = self._bodies[delta], set()
        self._writers[context] = delta
        try:
            async for request in requests:
                type_url = next(request[a:b] for key, a, b in fields(request) if key == number)
                if type_url not in answered:
                    answered.add(type_url)
                    await context.write(self._numbered(bodies[type_url]))
        finally:
            del self._writers[context]

    def _numbered(self, body: bytes) -> bytes:
        self._nonce += 1
        return complete(body, str(self._nonce), b"")

    # ---- commands --------------------------------------------------------------------------------

    async def hold(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set the bytes to send: the first responses, and the changes that are sent in turns."""
        delta = command["delta"]
        for type_url in ASKED:
            body = base64.b64decode(command["first"][type_url])
            self._bodies[delta][type_url.encode()] = _without_nonce(body)
        self._changes[delta] = [_without_nonce(base64.b64decode(c)) for c in command["changes"]]
        return {}

    async def change(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a change to every stream of a variant; respond with its start time."""
        delta = command["delta"]
        changes = self._changes[delta]
        changes.append(changes.pop(0))
        body = changes[0]
        began = time.monotonic_ns()
        for context, variant in self._writers.items():
            if variant == delta:
                task = asyncio.create_task(context.write(self._numbered(body)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return {"began": began}


def _without_nonce(response: bytes) -> bytes:
    """Return a captured response without its nonce."""
    kept, at = [], 0
    for key, _, b in fields(response):
        if key >> 3 != 5:
            kept.append(response[at:b])
        at = b
    return b"".join(kept)


async def main() -> None:
    """Serve until standard input ends."""
    gc.set_threshold(50_000, 20, 50)  # as `gitmesh serve` does
    limit, loop = Limit(), asyncio.get_running_loop()
    port = await limit.start()

    def on_loop(work: Any) -> Any:
        def command(arguments: Mapping[str, Any]) -> Any:
            coroutine: Coroutine[Any, Any, Any] = work(arguments)
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

        return command

    commands = {
        "port": lambda _: {"port": port},
        "hold": on_loop(limit.hold),
        "change": on_loop(limit.change),
        "collect garbage": lambda _: {"collected": gc.collect()},
    }
    reading = threading.Thread(target=answer_commands_of, args=(commands, lambda: None))
    reading.start()
    await asyncio.to_thread(reading.join)
    await limit.stop()


if __name__ == "__main__":
    asyncio.run(main())
