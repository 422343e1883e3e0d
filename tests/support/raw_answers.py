"""Answers of the App Mesh API as they come over the wire, through boto3's own signing."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it was sent."""

    status: int
    error: str
    """The name of the error; empty for none."""
    body: Any


class RawCalls:
    """Makes calls whose parameters are not checked before they are sent."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._last: Any = None
        client.meta.events.register("after-call.app-mesh", self._keep)

    def _keep(self, http_response: Any, **_: Any) -> None:
        self._last = http_response

    def call(self, operation: str, parameters: dict[str, Any]) -> RawAnswer:
        """Make a call and return its answer."""
        with contextlib.suppress(ClientError):
            self._client._make_api_call(operation, parameters)
        sent = self._last
        error = sent.headers.get("x-amzn-ErrorType", "")
        return RawAnswer(sent.status_code, error, json.loads(sent.content))
