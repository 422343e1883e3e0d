"""Route of ``/openapi.json``. It needs no credential: it is the same for everyone."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gitmesh.openapi.document import document
from gitmesh.web.bounds import OPERATION


def openapi_route() -> Route:
    """Return the route."""

    async def openapi(request: Request) -> Response:
        request.scope[OPERATION] = "openapi"
        body = json.dumps(document(), separators=(",", ":"))
        return Response(body, media_type="application/json")

    return Route("/openapi.json", openapi)
