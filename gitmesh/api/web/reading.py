"""Reading of requests, with limits of size and time."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from gitmesh.api.errors import ApiError
from gitmesh.api.signature import SignedRequest

MOST_BODY: Final = 1024 * 1024
BODY_WITHIN_S: Final = 10.0


async def read_request(request: Request) -> SignedRequest:
    """Return a request with its body, as it was sent.

    :raises ApiError: the body is too long, or arrives too slowly.
    """
    raw_path: bytes = request.scope.get("raw_path") or b"/"
    query: bytes = request.scope["query_string"]
    raw: list[tuple[bytes, bytes]] = request.scope["headers"]
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in raw]
    body = await _body(request) if _has_body(raw) else b""
    path = raw_path.decode("latin-1")
    return SignedRequest(request.method, path, query.decode("latin-1"), headers, body)


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether a request has a body: HTTP/1.1 says so in these headers."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY:
                    raise ApiError("RequestEntityTooLargeException", 413, "the body is too long")
    except TimeoutError:
        raise ApiError("RequestTimeoutException", 408, "the body came too slowly") from None
    except ClientDisconnect:
        raise ApiError("RequestTimeoutException", 408, "the client disconnected") from None
    return bytes(body)
