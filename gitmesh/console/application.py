"""The console over HTTP: finds the page, checks who asks, and answers in a thread."""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from events.clock import utc_now
from gitmesh.console.table import Page, found_page, navigation
from gitmesh.console.visit import Answer, Download, Form, PageError, Redirect, View, Visit
from gitmesh.console.web.body import read_form
from gitmesh.console.web.entrance import LOCAL, Entrance, Visitor
from gitmesh.console.web.headers import SecurityHeaders
from gitmesh.console.web.origin import local_path
from gitmesh.console.web.preferences import remember
from gitmesh.console.web.responses import downloaded, redirected, rendered
from gitmesh.console.web.static_files import PREFIX, static_files
from gitmesh.service.served import Served
from gitmesh.web.bounds import OPERATION, Bounded, OutOfBounds
from mesh.errors import GitmeshError, Retryable, UsageError

_log = logging.getLogger(__name__)

THREADS: Final = 8
_METHODS: Final = ["GET", "HEAD", "POST"]


class Console:
    """Answers the requests of browsers."""

    def __init__(self, served: Served, entrance: Entrance) -> None:
        self._served = served
        self._entrance = entrance
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="console")

    @property
    def application(self) -> ASGIApp:
        """Return it as an ASGI application."""
        inner = Starlette(
            routes=[Route("/{path:path}", self._endpoint, methods=_METHODS)],
            exception_handlers={404: self._unroutable, 405: self._unroutable},
        )
        bounded = Bounded(inner, _out_of_bounds)
        return SecurityHeaders(bounded, https=self._entrance.https)

    async def _endpoint(self, request: Request) -> Response:
        started = time.monotonic()
        request_id = request.scope["gitmesh.request_id"] = str(uuid.uuid4())
        if not self._entrance.hosts.includes(request.headers.get("host", "")):
            return _unknown_host(request)
        if request.url.path.startswith(PREFIX) and (found := static_files().respond(request)):
            return found
        visitor = self._entrance.visitor(request)
        try:
            response = await self._answer(request, visitor)
        except PageError as error:
            response = self._error(request, visitor, error)
        except Exception:
            _log.exception(
                "a page failed: a fault in gitmesh itself", extra={"request_id": request_id}
            )
            response = self._error(request, visitor, PageError(500, ""))
        self._entrance.keep(response, visitor)
        response.headers["x-request-id"] = request_id
        _tell(request, response, visitor, started)
        return response

    async def _answer(self, request: Request, visitor: Visitor) -> Response:
        form = Form()
        if request.method == "POST":
            form = await read_form(request)
            if not self._entrance.may_write(request, form, visitor):
                words = visitor.preferences.words
                raise PageError(
                    403,
                    words._(
                        "This form is too old, or came from another site. Nothing was changed."
                    ),
                    words._("Go back, load the page again, and send the form once more."),
                )
            match request.url.path:
                case "/sign-in":
                    return self._sign_in(request, form, visitor)
                case "/sign-out":
                    response = redirected("/sign-in")
                    self._entrance.let_out(response, visitor)
                    return response
                case "/preferences":
                    return self._prefer(form)
        if request.url.path == "/sign-in":
            return self._sign_in_page(request, visitor)
        if visitor.caller is None:
            return redirected(f"/sign-in?next={quote(_target(request), safe='')}")
        return await self._page(request, visitor, form)

    async def _page(self, request: Request, visitor: Visitor, form: Form) -> Response:
        assert visitor.caller is not None  # noqa: S101 -- checked by the caller of this method
        path = (request.scope.get("raw_path") or b"/").decode("latin-1")
        words = visitor.preferences.words
        found = found_page(request.method, path, visitor.caller.permission)
        if isinstance(found, frozenset):
            if found:
                raise PageError(405, words._("This page cannot be asked that way."))
            raise PageError(404, words._("There is no such page."))
        page, name = found
        request.scope[OPERATION] = page.name
        query = dict(parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=100))
        visit = Visit(self._served, visitor.caller, words, utc_now(), name, query, form)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, partial(self._respond, request, visitor, page, visit)
        )

    def _respond(self, request: Request, visitor: Visitor, page: Page, visit: Visit) -> Response:
        try:
            answer = page.handle(visit)
        except GitmeshError as error:
            raise _page_error(error) from None
        return self._response(request, visitor, page, visit, answer)

    def _response(
        self, request: Request, visitor: Visitor, page: Page, visit: Visit, answer: Answer
    ) -> Response:
        match answer:
            case Redirect():
                return redirected(answer.path)
            case Download():
                return downloaded(answer)
            case View():
                values = {
                    **self._frame(request, visitor, page.name),
                    "visit": visit,
                    "now": visit.now,
                    **answer.values,
                }
                return rendered(
                    request, visitor.preferences, answer.template, values, answer.status
                )

    def _frame(self, request: Request, visitor: Visitor, active: str = "") -> Mapping[str, object]:
        """Return the values of what is around every page."""
        caller = visitor.caller
        return {
            "caller": caller,
            "navigation": () if caller is None else navigation(caller.permission),
            "active": active,
            "csrf": visitor.csrf(),
            "here": local_path(_target(request)),
            "local": self._entrance.local is not None,
        }

    def _sign_in_page(self, request: Request, visitor: Visitor) -> Response:
        after = local_path(request.query_params.get("next", "/"))
        values = {**self._frame(request, visitor), "after": after, "person": self._entrance.local}
        return rendered(request, visitor.preferences, "sign_in.html", values)

    def _sign_in(self, request: Request, form: Form, visitor: Visitor) -> Response:
        response = redirected(form.get("next", "/"))
        if self._entrance.local is not None:
            self._entrance.let_in(response, LOCAL, visitor)
        return response

    def _prefer(self, form: Form) -> Response:
        response = redirected(form.get("next", "/"))
        remember(
            response,
            language=form.get("language"),
            theme=form.get("theme"),
            secure=self._entrance.https,
        )
        return response

    def _error(self, request: Request, visitor: Visitor, error: PageError) -> Response:
        values = {
            **self._frame(request, visitor),
            "error": error,
            "request_id": request.scope["gitmesh.request_id"],
        }
        return rendered(request, visitor.preferences, "error.html", values, error.status)

    async def _unroutable(self, request: Request, _: Exception) -> Response:
        request.scope["gitmesh.request_id"] = str(uuid.uuid4())
        visitor = self._entrance.visitor(request)
        words = visitor.preferences.words
        if request.method in _METHODS:
            return self._error(request, visitor, PageError(404, words._("There is no such page.")))
        error = PageError(405, words._("This page cannot be asked that way."))
        return self._error(request, visitor, error)


def _target(request: Request) -> str:
    raw = (request.scope.get("raw_path") or b"/").decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{raw}?{query}" if query and request.method != "POST" else raw


def _page_error(error: GitmeshError) -> PageError:
    match error:
        case UsageError():
            return PageError(400, error.message, error.hint)
        case Retryable():
            return PageError(503, error.message, error.hint)
    return PageError(500, error.message, error.hint)


def _unknown_host(request: Request) -> Response:
    return Response(
        "This console does not answer to that host name. If it is right, start the server with "
        "--console-url and that name.\n",
        421,
        media_type="text/plain; charset=utf-8",
    )


def _out_of_bounds(refusal: OutOfBounds) -> Response:
    return Response(f"{refusal.message}\n", refusal.status, media_type="text/plain; charset=utf-8")


def _tell(request: Request, response: Response, visitor: Visitor, started: float) -> None:
    extra = {
        "page": request.scope.get(OPERATION, "-"),
        "method": request.method,
        "caller": "-" if visitor.caller is None else visitor.caller.person.name,
        "status": response.status_code,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
        "request_id": request.scope["gitmesh.request_id"],
    }
    _log.info("page", extra=extra)
