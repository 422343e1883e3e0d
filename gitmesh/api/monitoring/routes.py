"""Routes of ``/healthz``, ``/readyz`` and ``/metrics``."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gitmesh.api.answers import error
from gitmesh.api.errors import ApiError, unavailable
from gitmesh.api.monitoring.log_metrics import LogMetrics
from gitmesh.api.monitoring.metrics import CONTENT_TYPE, Metrics
from gitmesh.api.monitoring.readiness import Readiness
from gitmesh.api.web.reception import Reception
from gitmesh.api.web.responses import as_response
from gitmesh.web.bounds import OPERATION
from mesh.errors import Retryable

_FRESH: Final = {"cache-control": "no-store"}


def monitoring_routes(
    reception: Reception,
    metrics: Metrics,
    counted: LogMetrics,
    readiness: Callable[[], Readiness],
) -> Sequence[BaseRoute]:
    """Return the routes. Health and readiness need no credential: they reveal no mesh."""

    async def healthz(request: Request) -> Response:
        request.scope[OPERATION] = "healthz"
        return JSONResponse({"status": "ok"}, headers=_FRESH)

    async def readyz(request: Request) -> Response:
        request.scope[OPERATION] = "readyz"
        found = await asyncio.to_thread(readiness)
        body = {
            "ready": found.ready,
            "reasons": list(found.reasons),
            "degraded": list(found.degraded),
        }
        return JSONResponse(body, 200 if found.ready else 503, _FRESH)

    async def metrics_page(request: Request) -> Response:
        request.scope[OPERATION] = "metrics"
        try:
            _, caller = await reception.receive(request)
            await counted.catch_up()
            text = await asyncio.to_thread(metrics.text, caller.permission)
        except Retryable as failed:
            return as_response(error(unavailable(failed.message)))
        except ApiError as failed:
            return as_response(error(failed))
        return Response(text, media_type=CONTENT_TYPE, headers=_FRESH)

    return (
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
    )
