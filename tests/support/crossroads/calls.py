"""Calls in HTTP/1.1, HTTP/2 and gRPC, with the same form of request and answer."""

import http.client
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

PATIENCE = 25
"""Seconds after which a call has failed, far above every timeout in the tests."""


@dataclass(frozen=True)
class Request:
    """A request for any protocol; it may repeat a header."""

    path: str = "/"
    method: str = "GET"
    authority: str = "{host}"
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()

    def having(self, **headers: str) -> "Request":
        """Return the same with further headers: ``x_fail="503"`` is ``x-fail: 503``."""
        more = ((name.replace("_", "-"), value) for name, value in headers.items())
        return replace(self, headers=(*self.headers, *more))


@dataclass(frozen=True)
class Answer:
    """An answer: statuses, the application's text, and whether it ended early."""

    status: int
    said: Mapping[str, Any] = field(default_factory=dict)
    grpc_status: int | None = None
    cut: bool = False

    @property
    def app(self) -> str | None:
        """The application that answered; None if a proxy did."""
        return self.said.get("app")

    @property
    def path(self) -> str:
        return str(self.said["path"])

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that the application received; the host is ``:authority``."""
        found: Mapping[str, str] = self.said["headers"]
        return found


def call(protocol: str, address: str, port: int, request: Request) -> Answer:
    """Send one request and return the answer."""
    if protocol == "http":
        return _call_http1(address, port, request)
    with socket.create_connection((address, port), timeout=PATIENCE) as connection:
        return _Stream(connection, request, grpc=protocol == "grpc").answer()


def _call_http1(address: str, port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
    try:
        connection.putrequest(request.method, request.path, skip_host=True)
        for name, value in (("host", request.authority), *request.headers):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        try:
            return Answer(response.status, _said(response.read()))
        except http.client.IncompleteRead:
            return Answer(response.status, cut=True)
    finally:
        connection.close()


def _said(body: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(body) if body.startswith(b"{") else {}
    return found


class _Stream:
    """The only stream of a connection."""

    def __init__(self, connection: socket.socket, request: Request, *, grpc: bool) -> None:
        self._socket = connection
        self._grpc = grpc
        # What is forbidden is for proxies to refuse: tests want to send it.
        self._connection = H2Connection(
            H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        )
        self._connection.initiate_connection()
        self._ask(request)
        self._headers: dict[str, str] = {}
        self._body = b""
        self._ended = self._cut = False

    def answer(self) -> Answer:
        while not (self._ended or self._cut):
            data = self._socket.recv(65536)
            self._cut = not data
            for event in self._connection.receive_data(data):
                self._take(event)
            self._socket.sendall(self._connection.data_to_send())
        status = self._headers.get("grpc-status")
        return Answer(
            int(self._headers.get(":status", "0")),
            {} if self._cut else _said(self._body[5:] if self._grpc else self._body),
            None if status is None else int(status),
            self._cut,
        )

    def _ask(self, request: Request) -> None:
        pseudo = [
            (":method", "POST" if self._grpc else request.method),
            (":scheme", request.scheme),
            (":authority", request.authority),
            (":path", request.path),
        ]
        grpc = [("content-type", "application/grpc"), ("te", "trailers")] if self._grpc else []
        headers = [*pseudo, *grpc, *request.headers]
        self._connection.send_headers(1, headers, end_stream=not self._grpc)
        if self._grpc:
            self._connection.send_data(1, b"\0\0\0\0\0", end_stream=True)
        self._socket.sendall(self._connection.data_to_send())

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived() | TrailersReceived():
                self._note(event.headers or ())
            case DataReceived(stream_id=int() as stream):
                self._body += event.data or b""
                self._connection.acknowledge_received_data(
                    event.flow_controlled_length or 0, stream
                )
            case StreamEnded():
                self._ended = True
            case StreamReset() | ConnectionTerminated():
                self._cut = not self._ended

    def _note(self, headers: Iterable[tuple[Any, Any]]) -> None:
        self._headers |= {str(name): str(value) for name, value in headers}
