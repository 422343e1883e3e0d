"""The console over HTTP: finds the page, checks who asks, and answers in a thread."""

import asyncio
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from events.clock import utc_now
from gitmesh.access.caller import Caller
from gitmesh.console.sign_in.endpoints import FROM_PROVIDER, PATH, TO_PROVIDER, SignIn
from gitmesh.console.sign_in.entrance import Entrance, Visitor
from gitmesh.console.table import Page, found_page
from gitmesh.console.visit import Answer, Download, Form, PageError, Redirect, View, Visit
from gitmesh.console.web.body import read_form
from gitmesh.console.web.frame import REQUEST_ID, error_page, frame, target
from gitmesh.console.web.headers import SecurityHeaders
from gitmesh.console.web.live import MOST_OF_PERSON, MOST_PAGES, SETTLED_S, WITHIN_S, Live
from gitmesh.console.web.origin import is_of_script, is_same_origin, is_surely_ours
from gitmesh.console.web.preferences import remember
from gitmesh.console.web.responses import downloaded, redirected, rendered
from gitmesh.console.web.shared_answers import SharedAnswers
from gitmesh.console.web.static_files import PREFIX, static_files
from gitmesh.service.audit.log_verification import Evidence
from gitmesh.service.audit.verifications import Verifications
from gitmesh.service.history.log_tail import LogTail
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
        evidence = Evidence(served.repo, served.branch)
        self._verifications = Verifications(served.log_path, evidence)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="console")
        self._sign_in = SignIn(entrance, self._threads)
        self._tail = LogTail(
            served.log,
            self._threads,
            most=MOST_PAGES,
            most_of_one=MOST_OF_PERSON,
            settled_s=SETTLED_S,
            within_s=WITHIN_S,
        )
        self._shared = SharedAnswers()

    @property
    def application(self) -> ASGIApp:
        """Return it as an ASGI application."""
        inner = Starlette(
            routes=[Route("/{path:path}", self._endpoint, methods=_METHODS)],
            exception_handlers={404: self._unroutable, 405: self._unroutable},
        )
        bounded = Bounded(inner, _out_of_bounds)
        return SecurityHeaders(bounded, https=self._entrance.https)

    def end(self) -> None:
        """End all streams."""
        self._tail.ending.set()

    async def _endpoint(self, request: Request) -> Response:
        started = time.monotonic()
        request_id = request.scope[REQUEST_ID] = str(uuid.uuid4())
        if not self._entrance.hosts.includes(request.headers.get("host", "")):
            return _unknown_host()
        if request.url.path.startswith(PREFIX) and (found := static_files().respond(request)):
            return found
        visitor = self._entrance.visitor(request)
        try:
            response = await self._answer(request, visitor)
        except PageError as error:
            response = error_page(request, self._entrance, visitor, error)
        except Exception:
            extra = {"request_id": request_id}
            _log.exception("a page failed: a fault in gitmesh itself", extra=extra)
            response = error_page(request, self._entrance, visitor, PageError(500, ""))
        self._entrance.keep(response, visitor)
        response.headers["x-request-id"] = request_id
        _tell(request, response, visitor, started)
        return response

    async def _answer(self, request: Request, visitor: Visitor) -> Response:
        if request.method == "POST":
            return await self._write(request, visitor)
        match request.url.path:
            case "/sign-in":
                after = request.query_params.get("next", "/")
                return self._sign_in.page(request, visitor, after=after)
            case _ if request.url.path == FROM_PROVIDER:
                return await self._sign_in.from_provider(request, visitor)
        if request.url.path == "/live":
            return self._live(request, visitor)
        if visitor.caller is None and is_of_script(request.headers):
            return Response(status_code=204)  # the page stays as it is, and is not replaced
        if visitor.caller is None:
            return redirected(f"{PATH}?next={quote(target(request), safe='')}")
        return await self._page(request, visitor, visitor.caller, Form())

    async def _write(self, request: Request, visitor: Visitor) -> Response:
        form = await read_form(request, visitor.preferences.words)
        path = request.url.path
        of_page = path not in (PATH, TO_PROVIDER, "/sign-out", "/preferences")
        if of_page and (kept := self._kept(request, visitor, form)) is not None:
            return kept
        if not self._entrance.may_write(request, form, visitor):
            words = visitor.preferences.words
            raise PageError(
                403,
                words._("This form is too old, or came from another site. Nothing was changed."),
                words._("Go back, load the page again, and send the form once more."),
            )
        match path:
            case "/sign-in":
                return await self._sign_in.submit(request, visitor, form)
            case "/sign-in/provider":
                return await self._sign_in.to_provider(request, visitor, form)
            case "/sign-out":
                return self._sign_in.out(visitor, form)
            case "/preferences":
                return self._prefer(form)
        assert visitor.caller is not None  # noqa: S101 -- those without were sent to sign in
        return await self._page(request, visitor, visitor.caller, form)

    def _kept(self, request: Request, visitor: Visitor, form: Form) -> Response | None:
        """Return the page that keeps a form which cannot be taken now, because its session ended.

        A form of an earlier session of somebody who is signed in again only needs a new token. The
        visitor gives it by a click, and only if the browser itself says that the form is ours.
        """
        if visitor.caller is None and self._is_ours(request):
            if is_of_script(request.headers):
                return Response(status_code=204)  # what is typed stays; sending it asks to sign in
            return self._sign_in.interrupted(request, visitor, form)
        may_write = self._entrance.may_write(request, form, visitor)
        if visitor.caller is None or may_write or not is_surely_ours(request.headers):
            return None
        return self._sign_in.resumed(request, visitor, form)

    def _live(self, request: Request, visitor: Visitor) -> Response:
        if visitor.caller is None:
            return Response(status_code=401)  # after which the browser does not try again
        seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return Live(self._tail, visitor.caller.identity, self._position, seen)

    def _position(self) -> str:
        return ".".join(map(str, self._tail.heads()))

    def _is_ours(self, request: Request) -> bool:
        return is_same_origin(request.headers, "https" if self._entrance.https else "http")

    async def _page(
        self, request: Request, visitor: Visitor, caller: Caller, form: Form
    ) -> Response:
        path = (request.scope.get("raw_path") or b"/").decode("latin-1")
        words = visitor.preferences.words
        found = found_page(request.method, path, caller.permission)
        if isinstance(found, frozenset):
            if found:
                raise PageError(405, words._("This page cannot be asked that way."))
            raise PageError(404, words._("There is no such page."))
        page, name = found
        request.scope[OPERATION] = page.name
        try:
            query = dict(parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            raise PageError(400, words._("The query of this address is too long.")) from None
        visit = Visit(
            self._served, caller, words, utc_now(), self._verifications, name, query, form
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, self._respond, request, visitor, page, visit
        )

    def _respond(self, request: Request, visitor: Visitor, page: Page, visit: Visit) -> Response:
        try:
            answer, position = self._answered(request, page, visit)
        except GitmeshError as error:
            raise _page_error(error) from None
        return self._response(request, visitor, page, visit, answer, position)

    def _answered(self, request: Request, page: Page, visit: Visit) -> tuple[Answer, str]:
        """Return a page, and the position of the log before the page has read it.

        Open pages that ask anew after the log has grown share what was read for one of them.
        """

        position = self._position()  # before the page reads: what comes later is told it

        def made() -> tuple[Answer, str]:
            return page.handle(visit), position

        if request.method != "GET" or not is_of_script(request.headers) or visit.at:
            return made()
        asked = page.name, visit.name, tuple(sorted(visit.query.items()))
        seen_by = visit.caller.permission, visit.words.code
        return self._shared.get((*asked, *seen_by, position), made)

    def _response(
        self,
        request: Request,
        visitor: Visitor,
        page: Page,
        visit: Visit,
        answer: Answer,
        position: str,
    ) -> Response:
        match answer:
            case Redirect():
                return redirected(answer.path)
            case Download():
                return downloaded(answer)
            case View():
                values = {
                    **frame(request, self._entrance, visitor, page.name),
                    "visit": visit,
                    "now": visit.now,
                    "live": position,
                    **answer.values,
                }
                return rendered(
                    request, visitor.preferences, answer.template, values, answer.status
                )

    def _prefer(self, form: Form) -> Response:
        response = redirected(form.get("next", "/"))
        remember(
            response,
            language=form.get("language"),
            theme=form.get("theme"),
            secure=self._entrance.https,
        )
        return response

    async def _unroutable(self, request: Request, _: Exception) -> Response:
        request.scope[REQUEST_ID] = str(uuid.uuid4())
        visitor = self._entrance.visitor(request)
        words = visitor.preferences.words
        error = PageError(404, words._("There is no such page."))
        if request.method not in _METHODS:
            error = PageError(405, words._("This page cannot be asked that way."))
        return error_page(request, self._entrance, visitor, error)


def _page_error(error: GitmeshError) -> PageError:
    match error:
        case UsageError():
            return PageError(400, error.message, error.hint)
        case Retryable():
            return PageError(503, error.message, error.hint)
    return PageError(500, error.message, error.hint)


def _unknown_host() -> Response:
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
        "request_id": request.scope[REQUEST_ID],
    }
    _log.info("page", extra=extra)
