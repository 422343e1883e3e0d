"""A client that does not know the mesh, controlled by JSON lines. Only the standard library.

``{"url": …, "headers": {…}}`` is an HTTP request, ``{"tcp": [host, port], "line": …}`` a TCP line;
without a line the server sends first, with ``"tls": name`` the client begins TLS. Each uses its own
connection, and gets a line of JSON: the answer, or an ``error``.
"""

import http.client
import json
import socket
import ssl
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit


def _ask(url: str, headers: dict[str, str]) -> dict[str, Any]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=5)
    try:
        connection.request("GET", url.partition(place.netloc)[2] or "/", headers=headers)
        response = connection.getresponse()
        return {"status": response.status, "text": response.read().decode()}
    finally:
        connection.close()


def _first_words(order: dict[str, Any]) -> bytes:
    if "tls" in order:
        out = ssl.MemoryBIO()
        context = ssl.create_default_context()
        talk = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=order["tls"])
        with suppress(ssl.SSLWantReadError):
            talk.do_handshake()
        return out.read()
    return f"{order['line']}\n".encode() if "line" in order else b""


def _say(host: str, port: int, words: bytes) -> dict[str, Any]:
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(words)
        with connection.makefile() as file:
            answer = file.readline()
    return {"text": answer} if answer else {"error": "the connection was closed"}


def _do(order: dict[str, Any]) -> dict[str, Any]:
    try:
        if "url" in order:
            return _ask(order["url"], order.get("headers", {}))
        host, port = order["tcp"]
        return _say(host, port, _first_words(order))
    except (OSError, http.client.HTTPException) as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    for order in sys.stdin:
        print(json.dumps(_do(json.loads(order))), flush=True)
