"""The ASGI application: the App Mesh API, and the routes of the other APIs."""

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gitmesh.access.caller import Caller
from gitmesh.api.answers import Answer, error
from gitmesh.api.app_mesh import AppMeshApi
from gitmesh.api.calls import read_call
from gitmesh.api.convergence_wait import with_convergence
from gitmesh.api.errors import ApiError
from gitmesh.api.web.reception import Reception, log_refusal
from gitmesh.api.web.responses import as_response
from gitmesh.web.bounds import OPERATION

_log = logging.getLogger(__name__)

THREADS: Final = 16
HttpRequest = Request
"""Starlette's request type, exported for the server process, which does not import Starlette."""
_METHODS: Final = ["GET", "PUT", "POST", "DELETE", "PATCH"]


def application(
    api: AppMeshApi, reception: Reception, others: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the ASGI application of the App Mesh API.

    :param others: routes of other APIs, which are matched first.
    """
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")

    async def endpoint(request: Request) -> Response:
        started = time.monotonic()
        caller: Caller | None = None
        what = "-"
        try:
            sent, caller = await reception.receive(request)
            call = read_call(sent)
            what = request.scope[OPERATION] = call.operation.name
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(threads, api.answer, call, caller)
            answer = await with_convergence(
                answer, call.wait, lambda made: loop.run_in_executor(threads, api.progress, made)
            )
        except ApiError as failed:
            answer = error(failed)
            if caller is not None and failed.status == 403:
                log_refusal(request, caller.identity, failed.status, failed.code, what)
        except Exception:
            _log.exception("a call failed: an internal error in gitmesh", extra={"operation": what})
            fault = ApiError("InternalServerErrorException", 500, "an internal error in gitmesh")
            answer = error(fault)
        if caller is not None:
            _tell(answer, what, caller, started)
        response = as_response(answer)
        request_id = caller.request_id if caller is not None else str(uuid.uuid4())
        response.headers["x-amzn-RequestId"] = request_id
        return response

    return Starlette(routes=[*others, Route("/{path:sent}", endpoint, methods=_METHODS)])


class _AsSent(StringConvertor):
    """Path convertor that matches any path; names in it are checked once the operation is known."""

    regex = r"(?s:.*)"


register_url_convertor("sent", _AsSent())


def _tell(answer: Answer, what: str, caller: Caller, started: float) -> None:
    extra = {
        "operation": what,
        "caller": caller.person.name,
        "identity": caller.identity,
        "status": answer.status,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
    }
    if answer.status >= 400:
        extra["error"] = answer.headers.get("x-amzn-ErrorType", "")
    _log.info("call", extra=extra)
