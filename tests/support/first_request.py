"""The first request of a real Envoy, captured for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from tests.support.envoy import running
from xds.bootstrap.envoy import bootstrap
from xds.nodes import ProxyIdentity

_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"


async def first_request(folder: Path, identity: ProxyIdentity) -> bytes:
    """Start an Envoy and return the bytes of its first request."""
    first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def stream(requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            if not first.done():
                first.set_result(request)

    server = grpc.aio.server()
    method = grpc.stream_stream_rpc_method_handler(stream)
    handler = grpc.method_handlers_generic_handler(_SERVICE, {"StreamAggregatedResources": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    config = bootstrap(
        identity=identity,
        xds_address=f"127.0.0.1:{port}",
        admin_address=f"unix:{folder / 'admin'}",
    )
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, running(config, folder))
        try:
            return await asyncio.wait_for(first, 15)
        finally:
            await asyncio.to_thread(stack.close)
            await server.stop(0)
