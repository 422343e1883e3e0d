"""An application that does not know the mesh. As a program: ``NAME http:8080 tcp:9000 …``.

It answers with its name, its caller and the request; on ``greets:7000`` it sends first. Only the
standard library is used.
"""

import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY
from typing import Any


def _peer(address: Any) -> str:
    return str(address[0]).removeprefix("::ffff:")


class _Http(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        said = {
            "app": NAME,
            "port": server.server_address[1],
            "peer": _peer(self.client_address),
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Lines(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            said = {
                "app": NAME,
                "peer": _peer(self.client_address),
                "line": line.decode().rstrip("\n"),
            }
            self.wfile.write(json.dumps(said).encode() + b"\n")


class _Greets(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        said = {"app": NAME, "peer": _peer(self.client_address)}
        self.wfile.write(json.dumps(said).encode() + b"\n")
        self.rfile.read()


class _Everywhere(ThreadingHTTPServer):
    """Server for both IP versions."""

    address_family = AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)


HANDLERS: dict[str, Any] = {"http": _Http, "tcp": _Lines, "greets": _Greets}

if __name__ == "__main__":
    NAME = sys.argv[1]
    for place in sys.argv[2:]:
        protocol, _, port = place.partition(":")
        server = _Everywhere(("::", int(port)), HANDLERS[protocol])
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()  # whoever started this ends it by closing the pipe
