"""Asynchronous xDS client for tests, which sends exactly what a test gives it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

import grpc
import grpc.aio
from betterproto2 import Message
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy_data_plane.google.protobuf import Struct, Value
from envoy_data_plane.google.rpc import Status

from xds.wire.encode import encode

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
DELTA_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
PATIENCE_S = 30.0


class AdsClient:
    """One stream of one client, aggregated by default. Ends with the block."""

    default_method = METHOD

    def __init__(
        self,
        port: int,
        node: str = "",
        method: str = "",
        *,
        credentials: grpc.ChannelCredentials | None = None,
        **metadata: str,
    ) -> None:
        self._method = method or self.default_method
        # Channels to one address share a connection, unless told otherwise.
        own = [("grpc.use_local_subchannel_pool", 1)]
        address = f"127.0.0.1:{port}"
        self._channel = (
            grpc.aio.insecure_channel(address, own)
            if credentials is None
            else grpc.aio.secure_channel(address, credentials, own)
        )
        self._port, self._guest = port, False
        self._call: Any = None
        self._node: Node | None = _node(node, metadata)

    async def __aenter__(self) -> Self:
        self._call = self._channel.stream_stream(self._method)()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._call.cancel()
        if not self._guest:
            await self._channel.close()

    def beside(self, node: str) -> "AdsClient":
        """Return another stream on the same connection; it ends with this one."""
        other = type(self)(self._port, node, self._method)
        other._channel, other._guest = self._channel, True
        return other

    @property
    def channel(self) -> Any:
        """The connection, for other streams on it."""
        return self._channel

    async def disconnected(self) -> None:
        """Wait until the server has ended the connection."""
        ready = grpc.ChannelConnectivity.READY
        async with asyncio.timeout(PATIENCE_S):
            while (state := self._channel.get_state()) is ready:
                await self._channel.wait_for_state_change(state)

    async def send(
        self,
        type_url: str,
        *names: str,
        nonce: str = "",
        version: str = "",
        error: str | None = None,
        node: str | None = None,
    ) -> None:
        """Send a request; the first one contains the node."""
        request = DiscoveryRequest(
            version_info=version,
            node=self._node if node is None else Node(id=node),
            resource_names=list(names),
            type_url=type_url,
            response_nonce=nonce,
            error_detail=None if error is None else Status(code=3, message=error),
        )
        self._node = None
        await self.send_bytes(encode(request))

    async def send_bytes(self, data: bytes) -> None:
        """Send arbitrary bytes."""
        await self._call.write(data)

    async def receive(self, within_s: float = PATIENCE_S) -> DiscoveryResponse:
        """Return the next response."""
        return DiscoveryResponse.parse(await self._read(within_s))

    async def receive_bytes(self, within_s: float = PATIENCE_S) -> bytes:
        """Return the next response as bytes."""
        return await self._read(within_s)

    async def silence(self, for_s: float = 0.1) -> None:
        """Check that no response arrives."""
        try:
            data = await self._read(for_s)
        except TimeoutError:
            return
        raise AssertionError(f"a response came: {DiscoveryResponse.parse(data)}")

    async def subscribe(self, type_url: str, *names: str, version: str = "") -> DiscoveryResponse:
        """Subscribe to resources, receive the response and acknowledge it."""
        await self.send(type_url, *names, version=version)
        return await self.take(*names)

    async def take(self, *names: str) -> DiscoveryResponse:
        """Receive the next response and acknowledge it."""
        response = await self.receive()
        await self.send(
            response.type_url, *names, nonce=response.nonce, version=response.version_info
        )
        return response

    async def refuse(self, words: str, *names: str) -> DiscoveryResponse:
        """Receive the next response and refuse it."""
        response = await self.receive()
        await self.send(response.type_url, *names, nonce=response.nonce, error=words)
        return response

    async def ending(self) -> tuple[str, str]:
        """Wait until the server ends the stream; return the status code and details."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self._call.read() is not grpc.aio.EOF:
                    pass
            except grpc.aio.AioRpcError:
                pass
            code = await self._call.code()
            return code.name, await self._call.details()

    async def _read(self, within_s: float) -> bytes:
        async with asyncio.timeout(within_s):
            data = await asyncio.shield(self._reading())
        self._pending = None
        assert data is not grpc.aio.EOF, "the server has ended the stream"
        assert isinstance(data, bytes)
        return data

    _pending: "asyncio.Task[Any] | None" = None

    def _reading(self) -> "asyncio.Task[Any]":
        # gRPC cancels the whole call when a read is cancelled; so a read that nobody waits for any
        # more goes on, and the next one gets what it brings.
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._call.read())
        return self._pending


class DeltaClient(AdsClient):
    """One delta stream of one client."""

    default_method = DELTA_METHOD

    async def ask(
        self,
        type_url: str,
        *names: str,
        drop: Sequence[str] = (),
        had: dict[str, str] | None = None,
        nonce: str = "",
        error: str | None = None,
        node: str | None = None,
    ) -> None:
        """Send a request; the first one contains the node."""
        request = DeltaDiscoveryRequest(
            node=self._node if node is None else Node(id=node),
            type_url=type_url,
            resource_names_subscribe=list(names),
            resource_names_unsubscribe=list(drop),
            initial_resource_versions=had or {},
            response_nonce=nonce,
            error_detail=None if error is None else Status(code=3, message=error),
        )
        self._node = None
        await self.send_bytes(encode(request))

    async def told(self, within_s: float = PATIENCE_S) -> DeltaDiscoveryResponse:
        """Return the next response."""
        return DeltaDiscoveryResponse.parse(await self._read(within_s))

    async def took(self) -> DeltaDiscoveryResponse:
        """Receive the next response and acknowledge it."""
        response = await self.told()
        await self.ask(response.type_url, nonce=response.nonce)
        return response


def names(response: DiscoveryResponse, cls: type[Message]) -> Sequence[str]:
    """Return the names of a response's resources."""
    field = "cluster_name" if cls.__name__ == "ClusterLoadAssignment" else "name"
    return [str(getattr(cls.parse(packed.value), field)) for packed in response.resources]


def _node(node_id: str, metadata: dict[str, str]) -> Node | None:
    if not metadata:
        return Node(id=node_id)
    ours = Struct(fields={name: Value(string_value=text) for name, text in metadata.items()})
    return Node(
        id=node_id,
        user_agent_name="test",
        user_agent_version="1",
        metadata=Struct(fields={"gitmesh": Value(struct_value=ours)}),
    )
