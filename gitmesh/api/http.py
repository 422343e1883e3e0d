"""The ASGI application: the App Mesh API, and the routes of the other APIs."""

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from events.logged_commits import LoggedCommits
from gitmesh.access.caller import Caller
from gitmesh.api.answers import error
from gitmesh.api.app_mesh import AppMeshApi
from gitmesh.api.calls import Call, read_call
from gitmesh.api.convergence_wait import with_convergence
from gitmesh.api.errors import ApiError
from gitmesh.api.operations import BASE
from gitmesh.api.remembered import RememberedAnswers
from gitmesh.api.signature import SignedRequest
from gitmesh.api.web.reception import Reception, log_refusal
from gitmesh.api.web.responses import as_response
from gitmesh.web.any_path import ANY_PATH
from gitmesh.web.bounds import OPERATION

_log = logging.getLogger(__name__)

THREADS: Final = 16
HttpRequest = Request
"""For the server process, which does not import Starlette."""
_OURS: Final = f"{BASE}/".encode()
_METHODS: Final = ["GET", "PUT", "POST", "DELETE", "PATCH"]


def application(
    api: AppMeshApi,
    reception: Reception,
    logged: LoggedCommits,
    others: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Return the application that answers calls of the App Mesh API.

    :param logged: announces when the log grows, after which answers are read again.
    :param others: routes of other APIs.
    """
    answering = _Calls(api, reception, RememberedAnswers(logged))
    rest = Starlette(routes=[*others, Route(f"/{ANY_PATH}", answering.endpoint, methods=_METHODS)])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette looks at each of its routes, and through three layers that calls do not need.
        if _is_call(scope):
            response = await answering.endpoint(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app


def _is_call(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in _METHODS:
        return False
    return bool((scope.get("raw_path") or b"").startswith(_OURS))


class _Calls:
    """Answers requests of the App Mesh API: what is remembered at once, the rest in threads."""

    def __init__(self, api: AppMeshApi, reception: Reception, known: RememberedAnswers) -> None:
        self._api = api
        self._reception = reception
        self._known = known
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")

    async def endpoint(self, request: Request) -> Response:
        """Answer one request."""
        started = time.monotonic()
        caller: Caller | None = None
        what = "-"
        try:
            sent, caller = await self._reception.receive(request)
            known = self._known.get(sent, caller)
            if known is not None:
                what = request.scope[OPERATION] = known.operation
                response = _sent(known.body)
            else:
                call = read_call(sent)
                what = request.scope[OPERATION] = call.operation.name
                response = await self._answer(sent, call, caller)
        except ApiError as failed:
            response = as_response(error(failed))
            if caller is not None and failed.status == 403:
                log_refusal(request, caller.identity, failed.status, failed.code, what)
        except Exception:
            _log.exception("a call failed: an internal error in gitmesh", extra={"operation": what})
            fault = ApiError("InternalServerErrorException", 500, "an internal error in gitmesh")
            response = as_response(error(fault))
        if caller is not None:
            _tell(response, what, caller, started)
        request_id = caller.request_id if caller is not None else str(uuid.uuid4())
        response.headers["x-amzn-RequestId"] = request_id
        return response

    async def _answer(self, sent: SignedRequest, call: Call, caller: Caller) -> Response:
        at = self._known.position
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._api.answer, call, caller)
        answer = await with_convergence(
            answer,
            call.wait,
            lambda made: loop.run_in_executor(self._threads, self._api.progress, made),
        )
        response = as_response(answer)
        if answer.status == 200 and not answer.headers:
            self._known.put(at, sent, caller, call, bytes(response.body))
        return response


def _sent(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _tell(answer: Response, what: str, caller: Caller, started: float) -> None:
    extra = {
        "operation": what,
        "caller": caller.person.name,
        "identity": caller.identity,
        "status": answer.status_code,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
    }
    if answer.status_code >= 400:
        extra["error"] = answer.headers.get("x-amzn-ErrorType", "")
    _log.info("call", extra=extra)
