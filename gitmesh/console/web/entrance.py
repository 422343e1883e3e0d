"""Who may come in: host names that are answered, people, their sessions and cookies."""

import secrets
import uuid
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gitmesh.access.caller import Caller
from gitmesh.access.permission import WRITE_ALL
from gitmesh.console.visit import Form
from gitmesh.console.web.csrf import FIELD, HEADER, is_token, new_token
from gitmesh.console.web.origin import Hosts, is_same_origin
from gitmesh.console.web.preferences import Preferences, preferences
from gitmesh.console.web.sessions import LASTS_S, Session, Sessions
from reconciler.git.writing import Person

LOCAL: Final = "local"
"""Subject of sessions of whoever uses this machine, where no users are configured."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """How people come in, as the server was configured."""

    hosts: Hosts
    port: int
    """Part of the names of cookies: browsers send a host's cookies to all of its ports."""
    local: Person | None
    """Whoever uses this machine may come in as this person, without a password."""
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
            caller=None if session is None else self._caller(session, request),
        )

    def may_write(self, request: Request, form: Form, visitor: "Visitor") -> bool:
        """Tell whether a request that changes something came from a form of ours."""
        if not is_same_origin(request.headers, "https" if self.https else "http"):
            return False
        token = form.get(FIELD) or request.headers.get(HEADER, "")
        return not visitor.is_new and is_token(token, visitor.secret)

    def let_in(self, response: Response, subject: str, before: "Visitor") -> None:
        """Begin a session under a new id; the one before ends."""
        if before.session_id:
            self.sessions.end(before.session_id)
        made = self.sessions.begin(subject)
        self._set(response, self.session_cookie, made, round(LASTS_S))
        response.delete_cookie(self.visitor_cookie, secure=self.https, httponly=True)

    def let_out(self, response: Response, visitor: "Visitor") -> None:
        """End a session."""
        if visitor.session_id:
            self.sessions.end(visitor.session_id)
        response.delete_cookie(self.session_cookie, secure=self.https, httponly=True)

    def keep(self, response: Response, visitor: "Visitor") -> None:
        """Give a visitor who has not signed in the cookie that their forms' tokens belong to."""
        if visitor.is_new:
            self._set(response, self.visitor_cookie, visitor.secret, None)

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            name, value, max_age, secure=self.https, httponly=True, samesite="lax", path="/"
        )

    def _caller(self, session: Session, request: Request) -> Caller | None:
        if session.subject == LOCAL and self.local is not None:
            identity = request.client.host if request.client else "-"
            return Caller(self.local, WRITE_ALL, str(uuid.uuid4()), identity)
        return None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request, whether or not they have signed in."""

    preferences: Preferences
    session_id: str
    """Empty for those who have not signed in."""
    secret: str
    """What CSRF tokens are derived from."""
    is_new: bool
    """True if the browser has no cookie yet that holds the secret."""
    caller: Caller | None

    def csrf(self) -> str:
        """Return a CSRF token for a form."""
        return new_token(self.secret)
