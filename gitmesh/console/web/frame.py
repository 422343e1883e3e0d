"""The frame of every page: navigation, account menu, errors."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gitmesh.console.sign_in.entrance import Entrance, Visitor
from gitmesh.console.table import navigation
from gitmesh.console.visit import PageError
from gitmesh.console.web.origin import local_path
from gitmesh.console.web.responses import rendered

REQUEST_ID = "gitmesh.request_id"
"""Name in the scope under which the id of the request is."""


def frame(
    request: Request, entrance: Entrance, visitor: Visitor, active: str = ""
) -> Mapping[str, object]:
    """Return the values of what is around every page."""
    caller = visitor.caller
    return {
        "caller": caller,
        "navigation": () if caller is None else navigation(caller.permission),
        "active": active,
        "csrf": visitor.csrf(),
        "here": local_path(target(request)),
        "local": entrance.people.local is not None,
    }


def error_page(
    request: Request, entrance: Entrance, visitor: Visitor, error: PageError
) -> Response:
    """Return the page that tells an error."""
    values = {
        **frame(request, entrance, visitor),
        "error": error,
        "request_id": request.scope[REQUEST_ID],
    }
    return rendered(request, visitor.preferences, "error.html", values, error.status)


def target(request: Request) -> str:
    """Return path and query of a request; of a form, the path."""
    raw = (request.scope.get("raw_path") or b"/").decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{raw}?{query}" if query and request.method != "POST" else raw
