"""Answers as HTTP responses: rendered pages, compressed where the browser takes it."""

import gzip
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gitmesh.console.visit import Download
from gitmesh.console.web.origin import local_path
from gitmesh.console.web.preferences import Preferences
from gitmesh.console.web.static_files import accepts_gzip
from gitmesh.console.web.templates import templates

_LEVEL: Final = 4
_WORTH: Final = 1_000
"""Smaller pages are sent as they are."""


def rendered(
    request: Request,
    preferences: Preferences,
    template: str,
    values: Mapping[str, object],
    status: int = 200,
) -> Response:
    """Return a page."""
    found = templates(preferences.words).get_template(template)
    body = found.render({**values, "theme": preferences.theme}).encode()
    headers = {"vary": "accept-encoding, cookie"}
    if len(body) >= _WORTH and accepts_gzip(request):
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def redirected(path: str) -> Response:
    """Return a redirect to a path of the console."""
    return RedirectResponse(local_path(path), 303)


def downloaded(file: Download) -> Response:
    """Return a file, which browsers save and do not show."""
    name = quote(file.name)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(file.body, headers=headers, media_type=file.media_type)
