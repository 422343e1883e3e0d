"""Requests to one HTTP server: signed, with limits of time and size, and retried where that is
safe."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from gitmesh.api.signature import SignedRequest
from mesh.errors import Retryable, UsageError

MOST_BYTES: Final = 16 * 1024 * 1024
"""Maximum size of a response."""
WITHIN_S: Final = 30.0
"""Maximum time without any data from the server."""
MOST_ATTEMPTS: Final = 6
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0
_LATER: Final = (429, 500, 502, 503, 504)
_THROTTLED: Final = ("Throttling", "TooManyRequests", "RequestLimitExceeded")

Signer = Callable[[SignedRequest, datetime], Mapping[str, str]]
"""Function that returns the authentication headers of a request."""


def unsigned(request: SignedRequest, now: datetime) -> Mapping[str, str]:
    """Return no headers, for a server without authentication."""
    return {}


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    """The headers, with names in lower case."""
    body: bytes

    @property
    def error_type(self) -> str:
        """Return AWS's name of the error; empty if the response has none."""
        return self.headers.get("x-amzn-errortype", "").partition(":")[0]


class Endpoint:
    """One server, over a persistent connection. Use it from one thread."""

    def __init__(self, url: str, sign: Signer = unsigned, *, ca_file: str | None = None) -> None:
        """Create the endpoint; it connects at the first request.

        :param ca_file: PEM file of authorities to trust; those of the system if ``None``.
        :raises UsageError: the URL is invalid, or the file cannot be read.
        """
        self.url = url.rstrip("/")
        self._parts = _parts(url)
        self.sign = sign
        """Function that adds authentication to a request."""
        self._context = _context(ca_file) if self._parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._worked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Return the name or address of the server, without the port."""
        return self._parts.hostname or ""

    def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        repeat: bool = True,
    ) -> Reply:
        """Send a request and return the response, whatever its status is.

        :param path: the URL-encoded path.
        :param repeat: retry if the server is overloaded or the connection breaks. Safe for requests
            that only read, and for requests that the server recognises when they are repeated.
        :raises Retryable: no complete response arrived.
        :raises UsageError: the server is unknown or not trusted, or its response is too large.
        """
        pause = _FIRST_PAUSE_S
        for attempt in range(1, MOST_ATTEMPTS + 1):
            last = attempt == MOST_ATTEMPTS or not repeat
            try:
                with self._errors():
                    reply = self._exchange(method, path, query, body, headers or {})
            except Retryable:
                # A wrong address stays wrong.
                if last or (attempt >= 2 and not self._worked):
                    raise
            else:
                if last or not _is_later(reply):
                    return reply
                pause = max(pause, _retry_after(reply))
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_S, 2 * pause)
        raise AssertionError  # the loop ends by itself only in the eyes of a type checker

    def open(
        self, method: str, path: str, query: str, headers: Mapping[str, str], within_s: float
    ) -> http.client.HTTPResponse:
        """Send a request and return the head of the response; the body is read as it arrives.

        :param within_s: maximum time between two parts of the body.
        :raises Retryable: the server cannot be reached.
        :raises UsageError: the server is unknown or not trusted.
        """
        with self._errors():
            self.close()
            self._send(method, path, query, b"", headers)
            assert self._connection is not None and self._connection.sock  # noqa: S101, PT018
            self._connection.sock.settimeout(within_s)
            return self._connection.getresponse()

    # ---- one exchange ----------------------------------------------------------------------------

    def _exchange(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        self._send(method, path, query, body, headers)
        assert self._connection is not None  # noqa: S101 -- sent over it
        with self._connection.getresponse() as answer:
            read = answer.read(MOST_BYTES + 1)
        if len(read) > MOST_BYTES:
            raise UsageError(
                f"{self.url} answers more than {MOST_BYTES >> 20} MiB at once",
                hint="check the address: this is not the response of an API",
            )
        if answer.length:  # the connection broke off: read() alone does not tell
            raise http.client.IncompleteRead(read, answer.length)
        self._worked = True
        names = {name.lower(): value for name, value in answer.getheaders()}
        if answer.will_close:
            self.close()
        return Reply(answer.status, names, read)

    def _send(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        whole = {"host": self._parts.netloc.rpartition("@")[2], **headers}
        path = self._parts.path.rstrip("/") + path
        request = SignedRequest(method, path, query, list(whole.items()), body)
        whole |= self.sign(request, datetime.now(UTC))
        if self._connection is None:
            self._connection = _connected(self._parts, self._context)
        target = f"{path}?{query}" if query else path
        self._connection.request(method, target, body or None, whole)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Convert network errors to gitmesh's errors, with the server's name and a hint."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise UsageError(
                f"the certificate of {self.url} is not trusted: {error.verify_message}",
                hint="give its CA file: AWS_CA_BUNDLE=ca.pem",
            ) from None
        except socket.gaierror:
            self.close()
            raise UsageError(
                f"unknown host {self.host!r}", hint=f"check the address {self.url}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Retryable(
                f"{self.url} cannot be reached: {_words(error)}",
                hint="check the address and that the server runs: gitmesh serve --http ADDRESS",
            ) from None


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"{url!r} is not the URL of a server",
            hint="write http://127.0.0.1:18080, or https://appmesh.eu-west-1.amazonaws.com",
        )
    return parts


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UsageError(
            f"{ca_file}: {error.strerror or error}", hint="AWS_CA_BUNDLE names a PEM file"
        ) from None


def _connected(parts: SplitResult, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if context is None:
        return http.client.HTTPConnection(host, parts.port, timeout=WITHIN_S)
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    if proxy is None:
        return http.client.HTTPSConnection(host, parts.port, timeout=WITHIN_S, context=context)
    through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    name, port = through.hostname or "", through.port or 3128
    tunnel = http.client.HTTPSConnection(name, port, timeout=WITHIN_S, context=context)
    tunnel.set_tunnel(host, parts.port or 443)
    return tunnel


def _is_later(reply: Reply) -> bool:
    return reply.status in _LATER or (
        reply.status == 400 and reply.error_type.startswith(_THROTTLED)
    )


def _retry_after(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE_S) if text.isdigit() else 0.0


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it does not answer within {WITHIN_S:.0f} s"
    if isinstance(error, http.client.HTTPException):
        return "it breaks off, or speaks no HTTP"
    return str(getattr(error, "strerror", None) or error)
