"""Authentication of requests: accepted host names, users, their sessions and cookies."""

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from events.clock import utc_now
from gitmesh.access.caller import Caller
from gitmesh.console.sign_in.people import People
from gitmesh.console.sign_in.session import Identity
from gitmesh.console.sign_in.sessions import LASTS_S, Sessions
from gitmesh.console.visit import Form
from gitmesh.console.web.csrf import FIELD, HEADER, is_token, new_token
from gitmesh.console.web.origin import Hosts, is_same_origin
from gitmesh.console.web.preferences import Preferences, preferences


@dataclass(frozen=True, slots=True)
class Entrance:
    """Configuration of authentication."""

    hosts: Hosts
    port: int
    """Part of the names of cookies: browsers send a host's cookies to all of its ports."""
    people: People
    public_url: str = ""
    """The URL by which browsers reach the console, where a proxy is in front."""
    tls: bool = False
    sessions: Sessions = field(default_factory=Sessions)

    @property
    def https(self) -> bool:
        """True if browsers speak TLS with the console, or with the proxy in front."""
        return self.tls or urlsplit(self.public_url).scheme == "https"

    @property
    def session_cookie(self) -> str:
        """Return the name of the cookie with a session's id."""
        return f"{'__Host-' if self.https else ''}gitmesh-session-{self.port}"

    @property
    def visitor_cookie(self) -> str:
        """Return the name of the cookie of those who have not signed in, for CSRF tokens."""
        return f"{'__Host-' if self.https else ''}gitmesh-visitor-{self.port}"

    def visitor(self, request: Request) -> "Visitor":
        """Return who sends a request."""
        cookies = request.cookies
        session_id = cookies.get(self.session_cookie, "")
        session = self.sessions.find(session_id) if session_id else None
        secret = session_id if session else cookies.get(self.visitor_cookie, "")
        return Visitor(
            preferences(cookies, request.headers.get("accept-language", "")),
            session_id if session else "",
            secret or secrets.token_urlsafe(32),
            is_new=not secret,
            caller=None if session is None else self.people.caller(session.identity, utc_now()),
            subject="" if session is None else session.identity.subject,
        )

    def may_write(self, request: Request, form: Form, visitor: "Visitor") -> bool:
        """Tell whether a request that changes something came from a form of ours."""
        if not is_same_origin(request.headers, "https" if self.https else "http"):
            return False
        token = form.get(FIELD) or request.headers.get(HEADER, "")
        return not visitor.is_new and is_token(token, visitor.secret)

    def begin(self, identity: Identity, before: "Visitor") -> str:
        """Begin a session under a new id, and return that; the one before ends."""
        if before.session_id:
            self.sessions.end(before.session_id)
        return self.sessions.begin(identity)

    def let_in(self, response: Response, session_id: str) -> None:
        """Give a browser its session."""
        self._set(response, self.session_cookie, session_id, round(LASTS_S))
        response.delete_cookie(self.visitor_cookie, secure=self.https, httponly=True)

    def let_out(self, response: Response, visitor: "Visitor", *, everywhere: bool) -> None:
        """End a session, or all of its person."""
        if everywhere and visitor.subject:
            self.sessions.end_all(visitor.subject)
        elif visitor.session_id:
            self.sessions.end(visitor.session_id)
        response.delete_cookie(self.session_cookie, secure=self.https, httponly=True)

    def base_url(self, request: Request) -> str:
        """Return the URL of the console as this browser sees it, without a slash at its end."""
        scheme = "https" if self.https else "http"
        return self.public_url.rstrip("/") or f"{scheme}://{request.headers['host']}"

    def keep(self, response: Response, visitor: "Visitor") -> None:
        """Give a visitor who has not signed in the cookie that their forms' tokens belong to."""
        if visitor.is_new:
            self._set(response, self.visitor_cookie, visitor.secret, None)

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            name, value, max_age, secure=self.https, httponly=True, samesite="lax", path="/"
        )


@dataclass(frozen=True, slots=True)
class Visitor:
    """Sender of a request, signed in or not."""

    preferences: Preferences
    session_id: str
    """Empty for those who have not signed in."""
    secret: str
    """Secret from which CSRF tokens are derived."""
    is_new: bool
    """True if the browser has no cookie yet that holds the secret."""
    caller: Caller | None
    """``None`` for those who have not signed in, or may not come in any more."""
    subject: str = ""

    def csrf(self) -> str:
        """Return a CSRF token for a form."""
        return new_token(self.secret)
