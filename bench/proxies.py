"""``python -m bench.proxies``: many simulated proxies in one process with little overhead.

Each has a connection of its own, as a real proxy has. Commands are lines of JSON on standard input;
each gets one line as response (:mod:`bench.child`).
"""

import base64
import contextlib
import select
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from bench import frames
from bench.child import answer_commands_of
from bench.script import ASKED, Part, Script, read, versions_of
from xds.type_urls import ROUTE

PATIENCE_S: Final = 60.0
_NEXT: Final = dict(zip(ASKED, (*ASKED[1:], None), strict=True))


class Counts:
    """Counters since the last reset."""

    __slots__ = ("bytes", "last_at", "removed", "resources", "responses")

    def __init__(self) -> None:
        self.bytes = self.responses = self.resources = self.removed = 0
        self.last_at = 0
        """Time of the last response."""

    def as_json(self) -> dict[str, int]:
        """Return every counter by its name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Proxy:
    """One proxy: it subscribes to everything in order, and acknowledges everything."""

    __slots__ = (
        "at",
        "had",
        "held",
        "last",
        "message",
        "rest",
        "script",
        "socket",
        "unsent",
        "window",
    )

    def __init__(self, script: Script, connection: socket.socket) -> None:
        self.script = script
        self.socket = connection
        self.rest = b""
        self.message = b""
        self.unsent = script.hello
        self.window = frames.WINDOW + len(script.hello)
        self.had = set[str](ASKED if script.comes_back else ())
        """Types that were answered, or held from an earlier stream."""
        self.at = 0
        """Time when it got the awaited response; 0 until then."""
        self.last: dict[str, bytes] = {}
        """The last response of each type, if responses are recorded."""
        self.held: dict[str, dict[str, str]] = {}
        """Versions in these and earlier responses."""

    def send(self, data: bytes) -> None:
        """Send frames as far as the socket accepts them; send the rest later."""
        self.unsent = self.unsent + data if self.unsent else data
        self.flush()

    def flush(self) -> None:
        """Send the bytes that are still buffered."""
        if not self.unsent or self.window <= 0:
            return
        try:
            sent = self.socket.send(self.unsent)
        except BlockingIOError:
            return
        self.window -= sent
        self.unsent = self.unsent[sent:]


class Fleet:
    """All proxies of the process."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._proxies: dict[int, Proxy] = {}
        self._connecting: set[int] = set()
        self._counts = Counts()
        self._waiting = 0
        self._finished = True
        """True if proxies wait until they have everything, instead of for one response."""
        self._type: str = ROUTE
        self._ended = 0
        self._recorded = False
        self.commands: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "connect": self._connect,
            "arm": self._arm,
            "collect": self._collect,
            "quiet": self._quiet,
            "capture": self._capture,
            "versions": self._versions,
            "leave": self._leave,
            "cpu": lambda _: {"cpu_s": time.process_time()},
        }

    def run(self) -> None:
        """Execute commands until standard input ends."""
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        answer_commands_of(self.commands, self._until_told)

    # ---- commands --------------------------------------------------------------------------------

    def _connect(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Connect as many proxies as ``streams``; respond when each has everything."""
        parts = [
            Part(p["node"], {t: tuple(n) for t, n in p["names"].items()}, p.get("extensions", 0))
            for p in command["parts"]
        ]
        delta, port = command["delta"], command["port"]
        held = command.get("held") or [{}] * len(parts)
        scripts = [Script(p, port, delta=delta, held=h) for p, h in zip(parts, held, strict=True)]
        self._counts, self._ended = Counts(), 0
        self._finished, self._recorded = True, bool(command.get("record"))
        self._waiting = command["streams"]
        started = time.monotonic_ns()
        for number in range(command["streams"]):
            self._open(scripts[number % len(scripts)], port)
        if command.get("silent"):
            # A proxy that already has everything may get no response.
            return {**self._quiet({"for_s": command["silent"]}), "started": started}
        return {**self._collect({}), "started": started}

    def _open(self, script: Script, port: int) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect_ex(("127.0.0.1", port))
        number = connection.fileno()
        self._proxies[number] = Proxy(script, connection)
        self._connecting.add(number)
        self._poll.register(number, select.EPOLLIN | select.EPOLLOUT)
        if number % 16 == 0:
            self._turn(0.0)

    def _arm(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """From now on, wait for one response of a type on ``streams`` of the proxies."""
        self._counts, self._finished, self._type = Counts(), False, command["type"]
        self._recorded = bool(command.get("record"))
        self._waiting = command["streams"]
        for proxy in self._proxies.values():
            proxy.at = 0
        return {}

    def _collect(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond when every awaited response has arrived."""
        deadline = time.monotonic() + PATIENCE_S
        while self._waiting > 0 and time.monotonic() < deadline and not self._ended:
            self._turn(0.5)
        at = sorted(proxy.at for proxy in self._proxies.values() if proxy.at)
        return {"at": at, "missing": self._waiting, "ended": self._ended, **self._counts.as_json()}

    def _quiet(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond when nothing has arrived for a while."""
        wait = command["for_s"]
        before, until = -1, time.monotonic() + wait
        while time.monotonic() < until:
            self._turn(wait / 4)
            if self._counts.bytes != before:
                before, until = self._counts.bytes, time.monotonic() + wait
        return {"ended": self._ended, "streams": len(self._proxies), **self._counts.as_json()}

    def _capture(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond with the last response of each type that the first proxy was sent."""
        first = next(iter(self._proxies.values()))
        return {t: base64.b64encode(data).decode() for t, data in first.last.items()}

    def _versions(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond with the versions that proxies hold, for each of the first ``parts`` of them."""
        firsts = list(self._proxies.values())[: command["parts"]]
        return {"held": [proxy.held for proxy in firsts]}

    def _leave(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """End every stream and connection."""
        for number, proxy in self._proxies.items():
            self._poll.unregister(number)
            with contextlib.suppress(OSError):
                proxy.socket.send(frames.hanging_up())
            proxy.socket.close()
        self._proxies.clear()
        self._connecting.clear()
        return {}

    # ---- responses -------------------------------------------------------------------------------

    def _until_told(self) -> None:
        """Serve the connections until standard input is readable."""
        while not self._turn(None):
            pass

    def _turn(self, timeout: float | None) -> bool:
        """Wait for an event and process it; return whether a command is readable."""
        told = False
        for number, event in self._poll.poll(timeout):
            proxy = self._proxies.get(number)
            if proxy is None:
                told = True
                continue
            if event & select.EPOLLOUT and number in self._connecting:
                self._connecting.discard(number)
                self._poll.modify(number, select.EPOLLIN)
                proxy.flush()
            if event & ~select.EPOLLOUT:
                self._receive(number, proxy)
        return told

    def _receive(self, number: int, proxy: Proxy) -> None:
        try:
            data = proxy.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(number, proxy)
            return
        self._counts.bytes += len(data)
        buffer = proxy.rest + data if proxy.rest else data
        at, end = 0, len(buffer)
        while end - at >= frames.HEAD and number in self._proxies:
            size = int.from_bytes(buffer[at : at + 3], "big")
            start, stop = at + frames.HEAD, at + frames.HEAD + size
            if stop > end:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            if kind == frames.DATA:
                self._data(proxy, buffer[start:stop])
            else:
                self._other(number, proxy, kind, flags, buffer[start:stop])
            at = stop
        proxy.rest = buffer[at:]

    def _other(self, number: int, proxy: Proxy, kind: int, flags: int, payload: bytes) -> None:
        if kind == frames.SETTINGS and not flags & frames.ACK:
            proxy.send(frames.SETTINGS_ACK)
        elif kind == frames.PING and not flags & frames.ACK:
            proxy.send(frames.pong(payload))
        elif kind == frames.WINDOW_UPDATE:
            proxy.window += int.from_bytes(payload, "big")
            proxy.flush()
        elif kind in (frames.RST_STREAM, frames.GOAWAY) or (
            kind == frames.HEADERS and flags & frames.END_STREAM
        ):
            self._lose(number, proxy)

    def _lose(self, number: int, proxy: Proxy) -> None:
        if self._proxies.pop(number, None) is not None:
            self._ended += 1
            self._connecting.discard(number)
            self._poll.unregister(number)
            proxy.socket.close()

    def _data(self, proxy: Proxy, data: bytes) -> None:
        whole = proxy.message + data if proxy.message else data
        while len(whole) >= 5:
            stop = 5 + int.from_bytes(whole[1:5], "big")
            if len(whole) < stop:
                break
            self._response(proxy, whole[5:stop])
            whole = whole[stop:]
        proxy.message = whole

    def _response(self, proxy: Proxy, response: bytes) -> None:
        script = proxy.script
        seen = read(response, delta=script.delta)
        counts = self._counts
        counts.responses += 1
        counts.last_at = time.monotonic_ns()
        counts.resources += seen.resources
        counts.removed += seen.removed
        reply = script.ack(seen.type_url, seen.version, seen.nonce)
        follows = None
        if seen.type_url not in proxy.had:
            proxy.had.add(seen.type_url)
            follows = _NEXT.get(seen.type_url)
            if follows is not None:
                reply += script.asks[follows]
        if self._recorded:
            proxy.last[seen.type_url] = response
            proxy.held.setdefault(seen.type_url, {}).update(_versions(script, response))
        proxy.send(reply)
        if not proxy.at and (
            seen.type_url == self._type if not self._finished else len(proxy.had) == len(ASKED)
        ):
            proxy.at = time.monotonic_ns()
            self._waiting -= 1


def _versions(script: Script, response: bytes) -> dict[str, str]:
    if script.delta:
        return versions_of(response)
    return {"": read(response, delta=False).version.decode()}


if __name__ == "__main__":
    Fleet().run()
