"""A secret discovery service on a Unix socket, like SPIRE's agent."""

from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, Self

import grpc
from envoy_data_plane.envoy.config.core.v3 import DataSource
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    Secret,
    TlsCertificate,
)
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse
from envoy_data_plane.google.protobuf import Any as ProtobufAny

from tests.support.certificates import Authority, Certificate
from xds.type_urls import SECRET
from xds.wire.encode import encode

METHOD = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"


class SdsAgent(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves its secrets to every proxy that requests them by name."""

    def __init__(self, path: Path, secrets: Mapping[str, Certificate | Authority]) -> None:
        self._secrets = {name: _secret(name, held) for name, held in secrets.items()}
        # A stream takes a thread for as long as its proxy runs; each secret has its own.
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers([self])
        assert self._server.add_insecure_port(f"unix:{path}")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait(5)

    def service(self, handler_call_details: Any) -> object:
        if handler_call_details.method != METHOD:
            return None
        return grpc.stream_stream_rpc_method_handler(self._stream)

    def _stream(self, requests: Iterator[bytes], context: object) -> Iterator[bytes]:
        sent: list[str] = []
        for data in requests:
            names = list(DiscoveryRequest.parse(data).resource_names)
            if names == sent:
                continue  # an acknowledgement
            sent = names
            found = [self._secrets[name] for name in names if name in self._secrets]
            if found:
                answer = DiscoveryResponse(
                    version_info="1", nonce="1", type_url=SECRET, resources=found
                )
                yield encode(answer)


def _secret(name: str, held: Certificate | Authority) -> ProtobufAny:
    if isinstance(held, Authority):
        trust = CertificateValidationContext(trusted_ca=_inline(held.bundle))
        secret = Secret(name=name, validation_context=trust)
    else:
        pair = TlsCertificate(certificate_chain=_inline(held.chain), private_key=_inline(held.key))
        secret = Secret(name=name, tls_certificate=pair)
    return ProtobufAny(type_url=SECRET, value=encode(secret))


def _inline(path: Path) -> DataSource:
    return DataSource(inline_bytes=path.read_bytes())
