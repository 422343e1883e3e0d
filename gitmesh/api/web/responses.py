"""Responses of the App Mesh API."""

from starlette.responses import JSONResponse, Response

from gitmesh.api.answers import Answer


def as_response(answer: Answer) -> Response:
    """Return an answer as a response of JSON."""
    return JSONResponse(dict(answer.body), answer.status, dict(answer.headers))
