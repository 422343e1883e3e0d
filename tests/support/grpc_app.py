"""A gRPC application: it answers with its name, waits on demand, and reports its health."""

import threading
from collections import Counter
from concurrent import futures
from typing import Any, Self

import grpc

HEALTH = "/grpc.health.v1.Health/Check"
HOLD = "/test.Hello/Hold"
SAY = "/test.Hello/Say"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"


class GrpcApp(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Runs from the beginning of a block to its end; ``asked`` counts calls by their method."""

    def __init__(self, name: str, address: str, port: int, *, healthy: bool = True) -> None:
        self.asked: Counter[str] = Counter()
        self.gate = threading.Event()
        """Event that releases calls of ``HOLD``."""
        self._name = name
        self._healthy = healthy
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers([self])
        assert self._server.add_insecure_port(f"{address}:{port}")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.stop(0).wait(5)

    def service(self, handler_call_details: Any) -> object:
        method = handler_call_details.method

        def answer(request: bytes, context: object) -> bytes:
            self.asked[method] += 1
            if method == HEALTH:
                return _SERVING if self._healthy else _NOT_SERVING
            if method == HOLD:
                self.gate.wait(20)
            return self._name.encode()

        return grpc.unary_unary_rpc_method_handler(answer)


def call(address: str, port: int, host: str, method: str = SAY) -> tuple[grpc.StatusCode, str]:
    """Call a method; return the status and the application that answered, empty on failure."""
    options = [("grpc.default_authority", host), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"{address}:{port}", options=options) as channel:
        try:
            return grpc.StatusCode.OK, channel.unary_unary(method)(b"", timeout=20).decode()
        except grpc.RpcError as error:
            return error.code(), ""
