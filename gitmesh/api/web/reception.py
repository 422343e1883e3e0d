"""Reception of requests: authentication and rate limit.

Each interface (App Mesh API, JSON API, metrics) receives its requests here, so that no interface
can forget a check, and every refusal is logged.
"""

import logging
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from gitmesh.access.caller import Caller
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.api.callers import Callers, claimed_identity
from gitmesh.api.errors import ApiError
from gitmesh.api.signature import SignedRequest
from gitmesh.api.web.rate_limit import RateLimit
from gitmesh.api.web.reading import read_request

_log = logging.getLogger(__name__)
_PATH: Final = 200
"""Maximum characters of a path in the log."""


class Reception:
    """Receives requests of authenticated callers."""

    def __init__(self, callers: Callers, rate_limit: RateLimit) -> None:
        self._callers = callers
        self._rate_limit = rate_limit
        self._signatures: RecentSignatures | None = None

    def remember(self, signatures: RecentSignatures) -> None:
        """Note there when the signature of each write came first."""
        self._signatures = signatures

    async def receive(self, request: Request) -> tuple[SignedRequest, Caller]:
        """Return a request and its caller. A refusal is logged.

        :raises ApiError: the body is too long or too slow, the authentication failed, or the caller
            has sent too many requests.
        """
        identity = "-"
        try:
            sent = await read_request(request)
            identity = claimed_identity(sent)
            caller = self._callers.caller(sent, datetime.now(UTC))
            self._rate_limit.admit(caller.identity)
            if self._signatures is not None and caller.signed is not None:
                self._signatures.note(caller.identity, caller.signed)
        except ApiError as refusal:
            log_refusal(request, identity, refusal.status, refusal.code)
            raise
        return sent, caller


def log_refusal(
    request: Request, identity: str, status: int, code: str, operation: str = "-"
) -> None:
    """Log that a request was refused, with its claimed identity, its address and its operation."""
    raw: bytes = request.scope.get("raw_path") or b"/"
    extra = {
        "operation": operation,
        "identity": identity,
        "status": status,
        "error": code,
        "client": request.client.host if request.client else "",
        # Without the query, which may hold a signature.
        "path": f"{request.method} {raw[:_PATH].decode('latin-1')}",
    }
    _log.warning("call refused", extra=extra)
