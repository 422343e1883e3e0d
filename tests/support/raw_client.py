"""xDS client on plain gRPC and bytes, which shows a server's responses without an Envoy."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse
from envoy_data_plane.google.rpc import Status

from xds.type_urls import ROUTE

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """State of a client for one type."""

    version: str
    resources: dict[str, bytes] = field(default_factory=dict)
    """Packed resources by name."""


class RawClient:
    """One stream that acknowledges everything it is sent."""

    def __init__(self, address: str, node: str) -> None:
        self._node = node
        self._requests: queue.Queue[bytes | None] = queue.Queue()
        self._responses: queue.Queue[DiscoveryResponse | grpc.RpcError] = queue.Queue()
        # Channels to one address share a connection, unless told otherwise.
        own = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(address, own)
        self._names: dict[str, tuple[str, ...]] = {}
        self.held: dict[str, Held] = {}
        """Latest state of each type."""

    def __enter__(self) -> Self:
        call = self._channel.stream_stream(METHOD)(iter(self._requests.get, None))
        self._reader = threading.Thread(target=self._read, args=(call,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.put(None)
        self._channel.close()
        self._reader.join(PATIENCE_S)

    def subscribe(self, type_url: str, *names: str) -> Held:
        """Subscribe to names of a type, or to all resources; return the response's state."""
        self.ask(type_url, *names)
        return self.receive(type_url)

    def ask(self, type_url: str, *names: str, version: str = "") -> None:
        """Send a request for names of a type, or for all, with the version that the client has."""
        self._names[type_url] = names
        self._request(type_url, version)

    def receive(self, type_url: str) -> Held:
        """Return the next response, which must be of this type, and acknowledge it."""
        response = self._next(type_url)
        resources = {_name(packed.value): packed.value for packed in response.resources}
        if type_url == ROUTE and type_url in self.held:
            # Of types that are asked for by name, a server may send what changed alone.
            resources = {**self.held[type_url].resources, **resources}
        held = self.held[type_url] = Held(response.version_info, resources)
        self._request(type_url, held.version, response.nonce)
        return held

    def refuse(self, type_url: str, why: str) -> str:
        """Receive the next response, which must be of this type, and refuse it; return its
        version."""
        response = self._next(type_url)
        self._refuse(response, why)
        return str(response.version_info)

    def refuse_version(self, type_url: str, version: str, why: str) -> bool:
        """Receive the next response, which must be of this type, and refuse it if it has this
        version; otherwise leave it unanswered. Return whether it was refused."""
        response = self._next(type_url)
        has_version = bool(response.version_info == version)
        if has_version:
            self._refuse(response, why)
        return has_version

    def _next(self, type_url: str) -> DiscoveryResponse:
        response = self._responses.get(timeout=PATIENCE_S)
        assert isinstance(response, DiscoveryResponse), f"the stream has ended: {response}"
        assert response.type_url == type_url
        return response

    def _refuse(self, response: DiscoveryResponse, why: str) -> None:
        type_url = response.type_url
        version = self.held[type_url].version if type_url in self.held else ""
        self._request(type_url, version, response.nonce, why)

    def silence(self, for_s: float) -> None:
        """Check that no response arrives."""
        try:
            response = self._responses.get(timeout=for_s)
        except queue.Empty:
            return
        raise AssertionError(f"a response came: {response}")

    def _request(
        self, type_url: str, version: str = "", nonce: str = "", error: str | None = None
    ) -> None:
        request = DiscoveryRequest(
            node=Node(id=self._node),
            type_url=type_url,
            resource_names=list(self._names[type_url]),
            version_info=version,
            response_nonce=nonce,
            error_detail=None if error is None else Status(code=3, message=error),
        )
        self._requests.put(bytes(request))

    def _read(self, call: Iterator[Any]) -> None:
        try:
            for data in call:
                self._responses.put(DiscoveryResponse.parse(data))
        except grpc.RpcError as error:
            self._responses.put(error)


def _name(resource: bytes) -> str:
    """Return a resource's name: the first field of every type, shorter than 128 bytes here."""
    assert resource[0] == 0x0A
    assert resource[1] < 0x80
    return resource[2 : 2 + resource[1]].decode()
