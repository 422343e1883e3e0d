"""The JSON API over HTTP: finds the operation, runs its handler in a thread, and logs the
request."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gitmesh.access.caller import Caller
from gitmesh.json_api.asking import Asked, parsed_body, parsed_query
from gitmesh.json_api.errors import Refused, bad_request, refusal_of
from gitmesh.json_api.event_feed import events, feed_of, position_of
from gitmesh.json_api.event_stream import MOST_OF_CALLER, MOST_STREAMS, EventStream
from gitmesh.json_api.operations import OPERATIONS, PREFIX, Operation
from gitmesh.json_shapes.problems import problem_shapes
from gitmesh.json_shapes.resources import RefusedChangeShape
from gitmesh.service.history.log_tail import LogTail, TooManyReaders
from gitmesh.service.served import Served
from gitmesh.web.any_path import ANY_PATH
from mesh.errors import GitmeshError

_log = logging.getLogger(__name__)

THREADS: Final = 8
_STREAM: Final = "text/event-stream"
METHODS: Final = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class Received(Protocol):
    """The parts of an HTTP request that the JSON API reads."""

    @property
    def method(self) -> str:
        """The method."""

    @property
    def raw_path(self) -> str:
        """The path, encoded."""

    @property
    def raw_query(self) -> str:
        """The query, encoded."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """The headers, with names in lower case."""

    @property
    def body(self) -> bytes:
        """The whole body."""


Sender = Callable[[Request], Awaitable[tuple[Received, Caller]]]
"""Function that returns a request and its caller; raises Refused for callers without access."""


class JsonApi:
    """Answers requests below the prefix."""

    def __init__(self, served: Served, receive: Sender) -> None:
        self._served = served
        self._receive = receive
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="json-api")
        self._tail = LogTail(
            served.log, self._threads, most=MOST_STREAMS, most_of_one=MOST_OF_CALLER
        )

    @property
    def route(self) -> Route:
        """Return the route of all operations."""
        return Route(f"{PREFIX}/{ANY_PATH}", self._endpoint, methods=METHODS)

    def end(self) -> None:
        """End all streams."""
        self._tail.ending.set()

    async def _endpoint(self, request: Request) -> Response:
        started, what = time.monotonic(), "-"
        caller: Caller | None = None
        try:
            sent, caller = await self._receive(request)
            operation, name = found_operation(sent.method, sent.raw_path)
            what = request.scope["gitmesh.operation"] = f"{operation.method} {operation.path}"
            asked = _asked(self._served, caller, operation, name, sent)
            answer = await self._answer(operation, asked, dict(sent.headers))
        except Refused as refused:
            answer = refusal(refused)
        except Exception:
            _log.exception(
                "a request failed: an internal error in gitmesh", extra={"operation": what}
            )
            answer = refusal(Refused(500, "an internal error in gitmesh"))
        _tell(answer, what, caller, started)
        return answer

    async def _answer(
        self, operation: Operation, asked: Asked, headers: dict[str, str]
    ) -> Response:
        loop = asyncio.get_running_loop()
        try:
            if operation.handle is events and _STREAM in headers.get("accept", ""):
                return await self._stream(asked, headers.get("last-event-id", ""))
            body = await loop.run_in_executor(self._threads, operation.handle, asked)
        except GitmeshError as error:
            raise refusal_of(error, all_told=asked.reads_all) from None
        return JSONResponse(body, headers={"cache-control": "no-store"})

    async def _stream(self, asked: Asked, last_event_id: str) -> Response:
        feed = feed_of(asked)
        loop = asyncio.get_running_loop()
        at = await loop.run_in_executor(self._threads, position_of, asked, feed, last_event_id)
        stream = EventStream(self._tail, self._threads, asked.log, feed, at)
        return _Streamed(self._tail, stream, asked.caller.identity)


class _Streamed(Response):
    """A response that is an event stream."""

    def __init__(self, tail: LogTail, stream: EventStream, caller: str) -> None:
        super().__init__(media_type=_STREAM)
        self._tail, self._stream, self._caller = tail, stream, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._tail.followed_by(self._caller):
                await self._stream(scope, receive, send)
        except TooManyReaders as error:  # before anything was sent
            refused = Refused(429, error.message, retry_after_s=10)
            await refusal(refused)(scope, receive, send)


def found_operation(method: str, raw_path: str) -> tuple[Operation, str]:
    """Return the operation of a request, and the name in its path, still encoded.

    :raises Refused: no operation has this method and path.
    """
    path = raw_path.removeprefix(PREFIX)
    for operation in OPERATIONS:
        name = operation.fits(method, path)
        if name is not None:
            return operation, name
    others = sorted({o.method for o in OPERATIONS if o.fits(o.method, path) is not None})
    if others:
        raise Refused(405, f"{path} takes {' and '.join(others)}")
    raise Refused(404, f"there is no {PREFIX}{path}", "docs/json-api.md lists all paths")


def refusal(refused: Refused) -> Response:
    """Return the error response for a refused request."""
    shape: RefusedChangeShape = {
        "error": refused.message,
        "hint": refused.hint,
        "problems": problem_shapes(refused.problems),
    }
    after = refused.retry_after_s
    return JSONResponse(
        shape, refused.status, headers={} if after is None else {"Retry-After": str(after)}
    )


def _asked(
    served: Served, caller: Caller, operation: Operation, name: str, sent: Received
) -> Asked:
    if operation.method == "GET":
        return Asked(served, caller, name, parsed_query(sent.raw_query, operation.names))
    kind = dict(sent.headers).get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":  # which no form of another site can send
        raise bad_request("the body must be JSON", "send Content-Type: application/json")
    return Asked(served, caller, name, body=parsed_body(sent.body, operation.names))


def _tell(answer: Response, what: str, caller: Caller | None, started: float) -> None:
    extra = {
        "operation": what,
        "caller": "-" if caller is None else caller.person.name,
        "identity": "-" if caller is None else caller.identity,
        "status": answer.status_code,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
    }
    _log.info("call", extra=extra)
