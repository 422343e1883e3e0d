"""Limits of every request, for all paths, as the outermost ASGI layer."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

MOST_TARGET: Final = 8 * 1024
"""Maximum bytes of path and query."""
MOST_HEADER_BYTES: Final = 16 * 1024
MOST_HEADERS: Final = 100
OPERATION: Final = "gitmesh.operation"
"""Key in the ASGI scope under which a handler stores the operation's name, for metrics."""

Observer = Callable[[str, int, float], None]
"""Callback for each response: operation, status, seconds until its headers."""


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """Reason why a request is refused before its body is read."""

    code: str
    status: int
    message: str


Refuse = Callable[[OutOfBounds], Response]
"""Returns the answer to a request that is out of bounds, in the form of the interface."""


class Bounded:
    """ASGI layer that refuses too long or ambiguous requests, and observes all responses."""

    def __init__(
        self,
        app: ASGIApp,
        refuse: Refuse,
        observe: Observer = lambda operation, status, seconds: None,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = time.monotonic()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                operation = scope.get(OPERATION, "-")
                self._observe(operation, message["status"], time.monotonic() - started)
            await send(message)

        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, observed)
        else:
            await self._closing(refusal, scope)(scope, receive, observed)

    def _closing(self, refusal: OutOfBounds, scope: Scope) -> Response:
        """Return the answer after which the connection ends: what follows may be no request."""
        client = scope.get("client")
        where = client[0] if client else ""
        extra = {"status": refusal.status, "error": refusal.code, "client": where}
        _log.warning("call refused", extra=extra)
        response = self._refuse(refusal)
        response.headers["connection"] = "close"
        return response


def _refusal(scope: Scope) -> OutOfBounds | None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_TARGET:
        return OutOfBounds("RequestUriTooLongException", 414, "path and query are too long")
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
        return OutOfBounds("RequestHeadersTooLargeException", 431, "the headers are too long")
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        # A proxy in front may see another end of this request than we do.
        return _ambiguous("Content-Length and Transfer-Encoding exclude each other")
    if names.count(b"host") != 1:
        return _ambiguous("a request has one Host header")
    return None


def _ambiguous(message: str) -> OutOfBounds:
    return OutOfBounds("BadRequestException", 400, message)
