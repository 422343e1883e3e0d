"""Forms as browsers send them, within bounds of size and time."""

import asyncio
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from gitmesh.console.visit import Form, PageError
from gitmesh.language import Words

MOST_BODY: Final = 1024 * 1024
MOST_FIELDS: Final = 5_000
BODY_WITHIN_S: Final = 10.0
_TYPE: Final = "application/x-www-form-urlencoded"


async def read_form(request: Request, words: Words) -> Form:
    """Return the fields of a form.

    :param words: the language of errors.
    :raises PageError: it is too long, too slow, or no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request, words)
    if body and kind != _TYPE:
        raise PageError(415, words._("This is not a form of the console."))
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise PageError(
            400, words._("The form cannot be read: it is no UTF-8, or too long.")
        ) from None
    return Form(tuple(pairs))


async def _body(request: Request, words: Words) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY:
                    raise PageError(413, words._("The form is too long."))
    except TimeoutError:
        raise PageError(408, words._("The form came too slowly.")) from None
    except ClientDisconnect:
        raise PageError(408, words._("The browser went away.")) from None
    return bytes(body)
