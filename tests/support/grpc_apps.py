"""gRPC applications that answer with their name: ``-m tests.support.grpc_apps v1=127.0.0.1:80``.

Every method of every service is answered with the application's name. The call's metadata control
the application: ``x-delay: 0.5`` delays the answer, ``x-fail: 14`` makes it fail with that status
code, ``x-fail-first: 2`` only for the first two attempts of the same ``x-key``, and ``x-fail-at:
v2`` only in that application.
"""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

# gRPC cancels some of the calls that wait beyond 1,000 by itself, and all beyond 3,000.
OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.server.max_pending_requests", 10_000),
    ("grpc.server.max_pending_requests_hard_limit", 10_000),
]
CODES = {code.value[0]: code for code in grpc.StatusCode}


class App(grpc.GenericRpcHandler):  # type: ignore[misc]
    """One application."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._attempts: Counter[str] = Counter()

    def service(self, call: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request: bytes, context: Any) -> bytes:
        said = dict(context.invocation_metadata())
        time.sleep(float(said.get("x-delay", "0")))
        if "x-fail" in said and said.get("x-fail-at", self.name) == self.name:
            key = str(said.get("x-key", ""))
            self._attempts[key] += 1
            if self._attempts[key] <= float(said.get("x-fail-first", "inf")):
                context.abort(CODES[int(said["x-fail"])], f"{self.name} was told to fail")
        return self.name.encode()


def main(apps: list[str]) -> None:
    """Serve until the input ends."""
    for each in apps:
        name, address = each.split("=")
        server = grpc.server(ThreadPoolExecutor(8), options=OPTIONS)
        server.add_generic_rpc_handlers((App(name),))
        server.add_insecure_port(address)
        server.start()
        _servers.append(server)
    print("ready", flush=True)
    sys.stdin.read()


_servers: list[Any] = []

if __name__ == "__main__":
    main(sys.argv[1:])
