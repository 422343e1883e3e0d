"""The route of webhooks: ``POST /webhook``."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gitmesh.api.answers import error
from gitmesh.api.errors import ApiError
from gitmesh.api.web.rate_limit import RateLimit
from gitmesh.api.web.reading import read_request
from gitmesh.api.web.responses import as_response
from gitmesh.api.webhook.signature import is_signed
from gitmesh.web.bounds import OPERATION
from mesh.errors import UsageError

_log = logging.getLogger(__name__)

MOST_REFUSED: Final = 10
"""Webhooks with a wrong signature, per second and address, that are answered 403; more are answered
429."""
_TOLD_EVERY_S: Final = 60.0
_MOST_BYTES: Final = 4096


def webhook_route(secret: Path, pushed: Callable[[], None]) -> Route:
    """Return the route.

    :param secret: file with the secret in its first line; it is read anew for each webhook.
    :param pushed: called when a forge says that there was a push.
    """
    return Route("/webhook", _Webhooks(secret, pushed).endpoint, methods=["POST"])


def read_webhook_secret(path: Path) -> bytes:
    """Return the secret in a file.

    :raises UsageError: the file cannot be read, or its first line is empty.
    """
    try:
        with path.open("rb") as file:
            found = file.read(_MOST_BYTES).partition(b"\n")[0].strip()
    except OSError as failed:
        raise UsageError(
            f"--webhook-secret-file {path}: {failed.strerror}",
            hint="check the path and its permissions",
        ) from None
    if not found:
        raise UsageError(
            f"--webhook-secret-file {path}: the first line is empty",
            hint="write a long random secret into it: openssl rand -hex 32",
        )
    return found


class _Webhooks:
    def __init__(self, secret: Path, pushed: Callable[[], None]) -> None:
        self._secret = secret
        self._pushed = pushed
        self._refused = RateLimit(MOST_REFUSED)
        self._count = 0
        self._told: float | None = None

    async def endpoint(self, request: Request) -> Response:
        """Answer one webhook: 202 if it is signed, whatever its body says."""
        request.scope[OPERATION] = "webhook"
        client = request.client.host if request.client else ""
        try:
            secret = await asyncio.to_thread(read_webhook_secret, self._secret)
            body = (await read_request(request)).body
            if not is_signed(request.headers, body, secret):
                self._tell(client)
                self._refused.admit(client)
                raise ApiError("AccessDenied", 403, "the webhook is not signed with the secret")
        except ApiError as failed:
            return as_response(error(failed))
        except UsageError as failed:
            _log.warning("%s", failed.line)
            return as_response(
                error(ApiError("ServiceUnavailable", 503, "no secret to check with"))
            )
        self._pushed()
        return Response(status_code=202)

    def _tell(self, client: str) -> None:
        """Log refused webhooks, once a minute."""
        self._count += 1
        now = time.monotonic()
        if self._told is None or now - self._told >= _TOLD_EVERY_S:
            extra = {"refused": self._count, "client": client}
            _log.warning("webhooks without a valid signature", extra=extra)
            self._told, self._count = now, 0
