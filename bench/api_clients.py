"""``python -m bench.api_clients``: clients of the HTTP API in one process with little overhead.

Each has a kept connection and a thread. Commands are lines of JSON on standard input; each gets one
line as response (:mod:`bench.child`).
"""

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from bench.child import answer_commands_of

BASE: Final = "/v20190125/meshes"
_TIMEOUT_S: Final = 60.0


class Connection:
    """A kept HTTP connection. Ends with the block."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body of its answer.

        :raises OSError: the server has ended the connection.
        """
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.index(b"content-length:") + len(b"content-length:")
        size = int(head[at:].split(b"\r\n", 1)[0])
        body = data[end + 4 :]
        while len(body) < size:
            body += self._more()
        return int(head.split(b" ", 2)[1]), body

    def _more(self) -> bytes:
        found = self._socket.recv(1 << 18)
        if not found:
            raise ConnectionError("the server has ended the connection")
        return found


def request(method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
    """Return the bytes of a request."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def shifting(target: Mapping[str, Any], step: int) -> bytes:
    """Return an update of a target's route; each step has other weights.

    :param target: name, mesh and router of the route ``all``, and its two nodes.
    """
    weights = 100 - step % 100, step % 100
    targets = [
        {"virtualNode": node, "weight": weight}
        for node, weight in zip(target["nodes"], weights, strict=True)
    ]
    spec = {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}
    path = f"{BASE}/{target['mesh']}/virtualRouter/{target['router']}/routes/all"
    return request("PUT", path, {"spec": spec, "clientToken": token(target["router"], step)})


def token(router: str, step: int) -> str:
    """Return the client token of a write."""
    return f"{router}-step-{step}"


class Busy:
    """Readers that ask one request after another, until stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._answers: list[int] = []

    def start(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start ``clients`` readers that together send ``rate`` requests a second."""
        self._stop.clear()
        self._answers = [0] * command["clients"]
        self._threads = [
            threading.Thread(target=self._read, args=(n, command))
            for n in range(command["clients"])
        ]
        for thread in self._threads:
            thread.start()
        return {}

    def stop(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Stop the readers; respond with the number of answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return {"answers": sum(self._answers)}

    def _read(self, number: int, command: Mapping[str, Any]) -> None:
        asked = request("GET", command["path"])
        pause = command["clients"] / command["rate"]
        with Connection(command["port"]) as connection:
            while not self._stop.wait(pause):
                status, _ = connection.ask(asked)
                self._answers[number] += status == 200


def write(command: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let one client for each target write for ``for_s`` seconds; respond with what they got.

    With ``every_s``, a client writes at that interval, otherwise as soon as it is answered.
    """
    targets, first, every = command["targets"], command["step"], command.get("every_s", 0.0)
    counts, failed = [0] * len(targets), list[str]()
    latencies: list[float] = []
    began = time.monotonic()
    until = began + command["for_s"]

    def run(number: int) -> None:
        with Connection(command["port"]) as connection:
            step, asked = first, began
            while asked < until:
                asked = time.monotonic()
                status, body = connection.ask(shifting(targets[number], step))
                latencies.append(time.monotonic() - asked)
                if status != 200:
                    failed.append(f"{status} {body[:200]!r}")
                    return
                counts[number] += 1
                step += 1
                time.sleep(max(0.0, asked + every - time.monotonic()))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(targets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    return {"counts": counts, "took_s": took, "failed": failed, "latencies": sorted(latencies)}


def read(command: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask for a path ``times`` times, one after another; respond with the time of each."""
    asked, times = request("GET", command["path"]), []
    with Connection(command["port"]) as connection:
        status, body = connection.ask(asked)
        for _ in range(command["times"]):
            began = time.perf_counter()
            connection.ask(asked)
            times.append(time.perf_counter() - began)
    return {"status": status, "body": body.decode(), "times": times}


def _until_told() -> None:
    select.select([sys.stdin], [], [])


def main() -> None:
    """Execute commands until standard input ends."""
    busy = Busy()
    commands: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
        "write": write,
        "read": read,
        "start reading": busy.start,
        "stop reading": busy.stop,
    }
    answer_commands_of(commands, _until_told)


if __name__ == "__main__":
    main()
