"""``python -m bench.bare_page``: the least that a page of Starlette and Jinja2 can take.

A table of fifty lines from a template, compressed as the console's pages are, served by our server
with its settings. Commands are lines of JSON on standard input; each gets one line as response
(:mod:`bench.child`).
"""

import asyncio
import gzip
import json
import sys
from typing import Final

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gitmesh.web.server import listen, serve_http

_LINES: Final = 50
_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><main><h1>{{ title }}</h1><table>
{% for line in lines %}
<tr><td><a href="/commit/{{ line.commit }}">{{ line.commit[:7] }}</a></td>
<td>{{ line.author }}</td><td>{{ line.subject }}</td><td>{{ line.effect }}</td></tr>
{% endfor %}
</table></main></body></html>
"""


class BarePage:
    """The template, and the values in it."""

    def __init__(self) -> None:
        self._template = Environment(autoescape=True).from_string(_PAGE)
        self._lines = [
            {"commit": f"{n:040x}", "author": "Ada <ada>", "subject": f"shift {n}", "effect": "1"}
            for n in range(_LINES)
        ]

    def answer(self, _: Request) -> Response:
        """Return the page. It blocks, so Starlette runs it in a thread, as the console does."""
        body = self._template.render(title="What changed?", lines=self._lines).encode()
        headers = {"content-encoding": "gzip"}
        body = gzip.compress(body, 4, mtime=0)
        return Response(body, headers=headers, media_type="text/html; charset=utf-8")


async def main() -> None:
    """Serve until standard input ends."""
    listener = listen("127.0.0.1:0")
    app = Starlette(routes=[Route("/{path:path}", BarePage().answer)])
    serving = asyncio.create_task(serve_http(app, listener))
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    serving.cancel()
    await asyncio.wait([serving])


if __name__ == "__main__":
    asyncio.run(main())
