"""Argument and results of the handler of a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gitmesh.access.caller import Caller
from gitmesh.console.web.localisation import Localised
from gitmesh.service.audit.verifications import Verifications
from gitmesh.service.served import Served


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in the order in which the browser sent them."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a field."""
        return next((value for found, value in self.fields if found == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(value for found, value in self.fields if found == name)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person who has signed in."""

    served: Served
    caller: Caller
    words: Localised
    """The visitor's language: ``visit.words._("text")``, and how times and numbers are written."""
    now: datetime
    verifications: Verifications
    name: str = ""
    """Value of ``{name}`` in the page's path, as it was sent: a resource key, a commit."""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    """Empty, unless the request is a POST."""

    @property
    def at(self) -> str | None:
        """The moment that the page shows (``?at=``); ``None`` for now."""
        return self.query.get("at") or None


@dataclass(frozen=True, slots=True)
class View:
    """A page: a template, and the values in it."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Redirect of the browser after a POST (303)."""

    path: str
    """A path of the console, with its query."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file."""

    name: str
    media_type: str
    body: bytes


Answer = View | Redirect | Download


class PageError(Exception):
    """The page cannot be shown; the visitor is told why, and what to do.

    The texts are translated by whoever raises it.
    """

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
