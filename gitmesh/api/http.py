"""The HTTP server of the API: bounds every request, answers in a thread, logs what was asked."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gitmesh.api.answers import Answer, error
from gitmesh.api.app_mesh import AppMeshApi
from gitmesh.api.callers import Callers
from gitmesh.api.calls import read_call
from gitmesh.api.errors import ApiError
from gitmesh.api.signature import SignedRequest

_log = logging.getLogger(__name__)

MOST_BODY: Final = 1024 * 1024
BODY_WITHIN_S: Final = 10.0
UNREAD_WITHIN_MS: Final = 30_000
MOST_CONNECTIONS: Final = 512
THREADS: Final = 16
HttpRequest = Request
_METHODS: Final = ["GET", "PUT", "POST", "DELETE", "PATCH"]


def application(api: AppMeshApi, callers: Callers, others: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application that answers calls of the App Mesh API.

    :param others: routes of other APIs, which come first.
    """
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")

    async def endpoint(request: Request) -> Response:
        started = time.monotonic()
        who = what = "-"
        try:
            sent = await sent_request(request)
            caller = callers.caller(sent, datetime.now(UTC))
            who = caller.person.name
            call = read_call(sent)
            what = call.operation.name
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(threads, api.answer, call, caller)
            request_id = caller.request_id
        except ApiError as failed:
            answer, request_id = error(failed), "-"
        except Exception:
            _log.exception("a call failed: a fault in gitmesh itself", extra={"operation": what})
            fault = ApiError("InternalServerErrorException", 500, "a fault in gitmesh itself")
            answer, request_id = error(fault), "-"
        _tell(answer, what, who, started)
        return _response(answer, request_id)

    return Starlette(routes=[*others, Route("/{path:sent}", endpoint, methods=_METHODS)])


class _AsSent(StringConvertor):
    """Any path: names in it are checked where the operation is known."""

    regex = r"(?s:.*)"


register_url_convertor("sent", _AsSent())


async def sent_request(request: Request) -> SignedRequest:
    """Return the request as it was sent, with its body.

    :raises ApiError: the body is too long or too slow.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY:
                    raise ApiError("RequestEntityTooLargeException", 413, "the body is too long")
    except TimeoutError:
        raise ApiError("RequestTimeoutException", 408, "the body came too slowly") from None
    except ClientDisconnect:
        raise ApiError("RequestTimeoutException", 408, "the client went away") from None
    raw_path: bytes = request.scope.get("raw_path") or b"/"
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw]
    query: bytes = request.scope["query_string"]
    return SignedRequest(
        request.method, raw_path.decode("latin-1"), query.decode("latin-1"), headers, bytes(body)
    )


def _response(answer: Answer, request_id: str) -> Response:
    headers = {**answer.headers, "x-amzn-RequestId": request_id}
    return JSONResponse(dict(answer.body), answer.status, headers)


def _tell(answer: Answer, what: str, who: str, started: float) -> None:
    extra = {
        "operation": what,
        "caller": who,
        "status": answer.status,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
    }
    if answer.status >= 400:
        extra["error"] = answer.headers.get("x-amzn-ErrorType", "")
    _log.info("call", extra=extra)


class _Server(uvicorn.Server):
    """Ends when its task is cancelled: signals are seen to elsewhere."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(
    application: Starlette, listener: socket.socket, ending: Callable[[], None] = lambda: None
) -> None:
    """Answer on a bound socket until cancelled; then finish the calls that are being answered.

    :param ending: ends the answers that would not end by themselves.
    """
    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        http="h11",
        ws="none",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        ending()
        server.should_exit = True
        await asyncio.wait([serving])


def listen(address: str) -> socket.socket:
    """Return a socket that is bound to ``host:port``.

    :raises OSError: the address is in use, or is none of this machine's.
    """
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Who does not read what was sent is cut off, also where nothing waits for them any more.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_WITHIN_MS)
        bound.bind((host.strip("[]"), int(port)))
        bound.set_inheritable(False)
    except BaseException:
        bound.close()
        raise
    return bound
