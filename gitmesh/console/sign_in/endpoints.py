"""Sign-in and sign-out: one click on this machine, passwords, or an OpenID Connect provider."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from events.clock import utc_now
from gitmesh.console.sign_in.entrance import Entrance, Visitor
from gitmesh.console.sign_in.oidc import Attempts, SignInFailed
from gitmesh.console.sign_in.people import LOCAL
from gitmesh.console.sign_in.session import Identity
from gitmesh.console.sign_in.throttle import Throttle, TooManyAttempts
from gitmesh.console.visit import Form, PageError
from gitmesh.console.web.csrf import FIELD
from gitmesh.console.web.frame import frame, target
from gitmesh.console.web.origin import local_path
from gitmesh.console.web.responses import redirected, rendered

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

PATH: Final = "/sign-in"
TO_PROVIDER: Final = "/sign-in/provider"
FROM_PROVIDER: Final = "/sign-in/back"


class SignIn:
    """The pages by which people come in and go out."""

    def __init__(self, entrance: Entrance, threads: Executor) -> None:
        self._entrance = entrance
        self._threads = threads
        self._throttle = Throttle()
        self._attempts = Attempts()

    def page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        after: str = "/",
        problem: str = "",
        login: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        """Return the page to sign in.

        :param typed: a form that was sent without a session, as text; it is sent again after.
        """
        people = self._entrance.people
        values = {
            **frame(request, self._entrance, visitor),
            "after": local_path(after),
            "person": people.local,
            "has_passwords": people.has_passwords,
            "provider": people.provider,
            "problem": problem,
            "login": login,
            "typed": typed,
        }
        return rendered(request, visitor.preferences, "sign_in.html", values, status)

    def resumed(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Return a form whose token is from an earlier session: it is sent again by one click."""
        kept = [(name, value) for name, value in form.fields if name != FIELD]
        return self._again(request, visitor, target(request), kept, 403)

    def interrupted(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Return the page to sign in for a form that came without a session: it is not lost."""
        kept = [(name, value) for name, value in form.fields if name != FIELD]
        words = visitor.preferences.words
        return self.page(
            request,
            visitor,
            after=target(request),
            problem=words._("Your session has ended. What you typed is kept: sign in to go on."),
            typed=json.dumps(kept),
            status=401,
        )

    async def submit(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Let somebody in, or tell why not."""
        after, typed = form.get("next", "/"), form.get("typed")
        if self._entrance.people.local is not None:
            return self._let_in(request, visitor, LOCAL, after, typed)
        words, login = visitor.preferences.words, form.get("login").strip()
        status, problem = 401, words._("This login and this password do not belong together.")
        try:
            found = await self._in_thread(lambda: self._checked(request, login, form))
            if found is not None:
                return self._let_in(request, visitor, found, after, typed)
        except TooManyAttempts as error:
            text = words._("Too many attempts failed. Try again in {seconds} seconds.")
            status, problem = 429, text.format(seconds=words.number(error.wait_s))
        return self.page(
            request,
            visitor,
            after=after,
            problem=problem,
            login=login,
            typed=typed,
            status=status,
        )

    async def to_provider(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Send somebody to the provider."""
        provider = self._entrance.people.provider
        if provider is None:
            raise PageError(404, visitor.preferences.words._("There is no such page."))
        back, after = f"{self._entrance.base_url(request)}{FROM_PROVIDER}", form.get("next", "/")
        try:
            url = await self._in_thread(
                lambda: self._attempts.begin(
                    provider, visitor.secret, back, local_path(after), form.get("typed")
                )
            )
        except SignInFailed as error:
            return self._failed(request, visitor, error)
        return RedirectResponse(url, 303)

    async def from_provider(self, request: Request, visitor: Visitor) -> Response:
        """Let somebody in whom the provider knows."""
        people = self._entrance.people
        provider = people.provider
        if provider is None:
            raise PageError(404, visitor.preferences.words._("There is no such page."))
        try:
            query = dict(request.query_params)
            identity, begun = await self._in_thread(
                lambda: self._attempts.finish(provider, visitor.secret, query)
            )
            if not people.permits(identity.groups):
                raise SignInFailed(f"{identity.subject} is in no group that has a role")
        except SignInFailed as error:
            return self._failed(request, visitor, error)
        return self._let_in(request, visitor, identity, begun.after, begun.typed)

    def out(self, visitor: Visitor, form: Form) -> Response:
        """End a session."""
        response = redirected(PATH)
        self._entrance.let_out(response, visitor, everywhere=form.get("everywhere") == "yes")
        return response

    def _let_in(
        self, request: Request, visitor: Visitor, identity: Identity, after: str, typed: str
    ) -> Response:
        session_id = self._entrance.begin(identity, visitor)
        signed_in = Visitor(visitor.preferences, session_id, session_id, False, None)
        response = redirected(after)
        if fields := _fields(typed):
            response = self._again(request, signed_in, local_path(after), fields)
        self._entrance.let_in(response, session_id)
        _log.info("signed in", extra={"subject": identity.subject, "client": _address(request)})
        return response

    def _again(
        self,
        request: Request,
        visitor: Visitor,
        action: str,
        fields: list[tuple[str, str]],
        status: int = 200,
    ) -> Response:
        values = {**frame(request, self._entrance, visitor), "action": action, "fields": fields}
        return rendered(request, visitor.preferences, "resume.html", values, status)

    def _checked(self, request: Request, login: str, form: Form) -> Identity | None:
        address = _address(request)
        with self._throttle.attempt(login, address):
            found = self._entrance.people.checked(login, form.get("password"), utc_now())
            if found is None:
                self._throttle.failed(login, address)
        if found is None:
            _log.warning("sign-in refused", extra={"login": login[:128], "client": address})
        return found

    def _failed(self, request: Request, visitor: Visitor, error: SignInFailed) -> Response:
        _log.warning("sign-in refused", extra={"reason": str(error), "client": _address(request)})
        problem = visitor.preferences.words._(
            "The provider did not let you in, or none of your groups has a role here. The log of "
            "the server tells why."
        )
        return self.page(request, visitor, problem=problem, status=403)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _fields(typed: str) -> list[tuple[str, str]]:
    """Return the fields of a form that was kept as text; none if it is damaged."""
    try:
        found = json.loads(typed) if typed else []
        return [(str(name), str(value)) for name, value in found]
    except (ValueError, TypeError, RecursionError):
        return []


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"
