"""An unmodified gRPC client, controlled by lines of JSON on its input, with answers as JSON.

It knows nothing of gitmesh: it has only targets such as ``xds:///cart.local``. Its library reads
the address of the xDS server from ``GRPC_XDS_BOOTSTRAP_CONFIG``, once, at the start.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc

PAUSE_S = 0.004


class Caller:
    """Calls, one after the other, or in the background until stopped."""

    def __init__(self) -> None:
        self._channels: dict[str, Any] = {}
        self._background: list[threading.Thread] = []
        self._stop = threading.Event()
        self._load: Counter[str] = Counter()

    def call(self, order: dict[str, Any]) -> dict[str, Any]:
        """Call ``count`` times; return the applications that answered, and the errors."""
        answers: Counter[str] = Counter()
        began = time.monotonic()
        for _ in range(order.get("count", 1)):
            answers[self._one(order)] += 1
        return {"answers": answers, "seconds": time.monotonic() - began}

    def burst(self, order: dict[str, Any]) -> dict[str, Any]:
        """Call ``count`` times at once; return the same as ``call``."""
        method = self._method(order)
        calls = [method.future(b"", timeout=60) for _ in range(order["count"])]
        return {"answers": Counter(self._answer(call.result) for call in calls)}

    def start(self, order: dict[str, Any]) -> dict[str, Any]:
        """Call again and again from three threads, with pauses that leave processors to others."""
        self._stop.clear()
        self._load = Counter()

        def run() -> None:
            while not self._stop.wait(PAUSE_S):
                self._load[self._one(order)] += 1

        self._background = [threading.Thread(target=run) for _ in range(3)]
        for thread in self._background:
            thread.start()
        return {}

    def stop(self, order: dict[str, Any]) -> dict[str, Any]:
        """Stop calling; return the same as ``call``."""
        self._stop.set()
        for thread in self._background:
            thread.join()
        return {"answers": self._load}

    def _method(self, order: dict[str, Any]) -> Any:
        target = order["target"]
        if target not in self._channels:
            self._channels[target] = grpc.insecure_channel(target)
        return self._channels[target].unary_unary(order.get("method", "/shop.Cart/Get"))

    def _one(self, order: dict[str, Any]) -> str:
        call = self._method(order)
        metadata = [
            (name, value.encode() if name.endswith("-bin") else value)
            for name, value in order.get("metadata", {}).items()
        ]
        timeout = order.get("timeout", 20)
        return self._answer(lambda: call(b"", timeout=timeout, metadata=metadata))

    def _answer(self, result: Callable[[], bytes]) -> str:
        try:
            return str(result(), "utf-8")
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"


def main() -> None:
    """Execute commands until the input ends."""
    caller = Caller()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(getattr(caller, order.pop("do"))(order)), flush=True)


if __name__ == "__main__":
    main()
