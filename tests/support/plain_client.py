"""A client that knows nothing of any mesh, steered by JSON lines. Only the standard library.

``{"url": …, "headers": {…}}`` is asked by HTTP, ``{"tcp": [host, port], "line": …}`` said by TCP;
each gets a connection of its own, and a line of JSON back: what was answered, or an ``error``.
"""

import http.client
import json
import socket
import sys
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


def _say(host: str, port: int, line: str) -> dict[str, Any]:
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(f"{line}\n".encode())
        with connection.makefile() as file:
            answer = file.readline()
    return {"text": answer} if answer else {"error": "the connection was closed"}


def _do(order: dict[str, Any]) -> dict[str, Any]:
    try:
        if "url" in order:
            return _ask(order["url"], order.get("headers", {}))
        host, port = order["tcp"]
        return _say(host, port, order["line"])
    except (OSError, http.client.HTTPException) as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    for order in sys.stdin:
        print(json.dumps(_do(json.loads(order))), flush=True)
