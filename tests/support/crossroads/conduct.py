"""How an application is to behave: what requests tell it in their headers, and what it remembers.

========================  ========================================================================
``x-delay: 0.5``          it waits before it answers
``x-stall: 5``            it begins its answer, and waits before the rest
``x-drip: 10``            it sends its answer in pieces, a tenth of a second apart
``x-fail: 503``           it fails with a status of HTTP
``x-grpc-fail: 14``       it fails with a status of gRPC
``x-grpc-late: 14``       the same, after it has answered
``x-reset: 7``            it ends the stream with an error code of HTTP/2, or else the connection
``x-hold: 1``             it waits until the test releases the key
``x-first: 2``            all of this only for the first attempts of the same ``x-key``
========================  ========================================================================
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Conduct:
    """Behaviour of an application for one request."""

    delay: float = 0
    stall: float = 0
    drip: int = 0
    status: int = 200
    grpc_status: int = 0
    late_status: int = 0
    reset: int | None = None
    hold: bool = False


@dataclass
class Ledger:
    """Record of the requests that reached applications, shared by all of them."""

    _takers: dict[str, list[str]] = field(default_factory=dict)
    _released: set[str] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def conduct(self, app: str, headers: Mapping[str, str]) -> Conduct:
        """Record a request to an application, and return the behaviour for it."""
        attempt = self._note(headers.get("x-key", ""), app)
        if attempt > int(headers.get("x-first", "1000000")):
            return Conduct()
        return Conduct(
            delay=float(headers.get("x-delay", "0")),
            stall=float(headers.get("x-stall", "0")),
            drip=int(headers.get("x-drip", "0")),
            status=int(headers.get("x-fail", "200")),
            grpc_status=int(headers.get("x-grpc-fail", "0")),
            late_status=int(headers.get("x-grpc-late", "0")),
            reset=int(headers["x-reset"]) if "x-reset" in headers else None,
            hold="x-hold" in headers,
        )

    def takers(self, key: str) -> list[str]:
        """Return the applications that a request with this key reached, in order of attempts."""
        with self._changed:
            return list(self._takers.get(key, ()))

    def wait_for(self, key: str) -> str:
        """Wait until a request with this key reached an application, and return which."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._takers.get(key), 10), f"no request {key}"
            return self._takers[key][0]

    def release(self, key: str) -> None:
        """Release the requests that are held under a key."""
        with self._changed:
            self._released.add(key)
            self._changed.notify_all()

    def wait_until_released(self, key: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: key in self._released, 10)

    def _note(self, key: str, app: str) -> int:
        with self._changed:
            takers = self._takers.setdefault(key, [])
            takers.append(app)
            self._changed.notify_all()
            return len(takers)
