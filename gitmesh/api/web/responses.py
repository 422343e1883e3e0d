"""Responses of the App Mesh API."""

from starlette.responses import JSONResponse, Response

from gitmesh.api.answers import Answer, error
from gitmesh.api.errors import ApiError
from gitmesh.web.bounds import OutOfBounds


def as_response(answer: Answer) -> Response:
    """Convert an answer to a JSON response."""
    return JSONResponse(dict(answer.body), answer.status, dict(answer.headers))


def refused(refusal: OutOfBounds) -> Response:
    """Return the answer to a request that is out of bounds."""
    return as_response(error(ApiError(refusal.code, refusal.status, refusal.message)))
