"""Requests in the form that a client sends, and in the form that routes see."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from mesh.errors import GitmeshError

MAX_TEXT: Final = 8192
"""Maximum length of a host or a header value."""
MAX_PATH: Final = 60 * 1024
"""Maximum length of a path: Envoy answers 431 if the request's head exceeds 60 KiB."""

_METHOD: Final = re.compile(r"[A-Z]{1,32}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_NOT_IN_PATH: Final = re.compile(r"[^\x21-\x7e]")
_NOT_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CALL: Final = re.compile(r"[^/\s]+/[^/\s]+")
_HOST: Final = re.compile(r"[^\s/?#@\x00-\x1f\x7f]+")
_PORT: Final = re.compile(r":([0-9]{1,5})$")
_GRPC: Final = "application/grpc"
_SCHEMES: Final = ("http", "https")

_JOINED_NAMES: Final = """
    accept accept-encoding access-control-request-headers access-control-request-method
    authorization cache-control content-encoding content-type grpc-accept-encoding grpc-timeout
    if-match if-modified-since if-none-match origin pragma referer user-agent via
    x-client-trace-id x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto
    x-request-id
"""
_JOINED: Final = frozenset(_JOINED_NAMES.split())
"""Headers whose values Envoy joins with a comma before it matches routes."""
_COOKIE: Final = "cookie"

# A proxy adds it to a request without one, a gateway to every request, before routes are matched.
# The real value is random.
_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


Said: TypeAlias = str | tuple[str, ...]
"""The value of a header, or the values of a repeated header."""


class BadRequest(GitmeshError):
    """The text is not a request that a client could send."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP or gRPC request, as the client sends it."""

    method: str = "GET"
    path: str = "/"
    """The path, with its query."""
    host: str = ""
    """Value of ``Host`` or ``:authority``, with a port if it contains one."""
    port: int | None = None
    """The destination port; None means the only port of the service."""
    scheme: str | None = None
    """The scheme that an HTTP/2 client sends. HTTP/1.1 has none."""
    headers: Mapping[str, Said] = field(default_factory=dict)
    """Headers by name in lower case: a value, or the values of a repeated header in order."""

    @property
    def is_grpc(self) -> bool:
        """True if it is a gRPC call; routes recognise one by its content type."""
        kind = self.value("content-type") or ""
        return kind == _GRPC or kind.startswith(f"{_GRPC}+")

    def heard(self, protocol: str) -> Self:
        """Return the request as a listener of that protocol receives it.

        HTTP/1.1 does not transmit the scheme; HTTP/2 may split a cookie.
        """
        if protocol == "http":
            return replace(self, scheme=None)
        whole = "; ".join(self.values(_COOKIE))
        return replace(self, headers={**self.headers, _COOKIE: whole}) if whole else self

    def seen(self, *, forwarded: str | None = None) -> Self:
        """Return the request as a proxy's routes see it, with the headers that the proxy adds.

        :param forwarded: the scheme that a gateway sets; it replaces the client's.
        """
        said = (self.value("x-forwarded-proto") or "").lower()
        proto = forwarded or (said if said in _SCHEMES else "http")
        added = {"x-request-id": _REQUEST_ID, "x-forwarded-proto": proto}
        also = {**self.headers, **added} if forwarded else {**added, **self.headers}
        return replace(self, headers=also, scheme=self.scheme or proto)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of a header or pseudo-header; empty if the request lacks it.

        A repeated header has several values, unless Envoy joins them.
        """
        lowered = name.lower()
        match lowered:
            case ":method":
                return (self.method,)
            case ":path":
                return (self.path,)
            case ":scheme":
                return () if self.scheme is None else (self.scheme,)
            case ":authority" | "host":
                return (self.host,)
        said = self.headers.get(lowered, ())
        values = (said,) if isinstance(said, str) else said
        return (",".join(values),) if values and lowered in _JOINED else values

    def value(self, name: str) -> str | None:
        """Return the first value of a header or pseudo-header; None if the request lacks it."""
        return next(iter(self.values(name)), None)

    def __str__(self) -> str:
        port = "" if self.port is None or _PORT.search(self.host) else f":{self.port}"
        return f"{self.method} {self.host}{port}{self.path}"


def read_request(
    text: str,
    *,
    host: str | None = None,
    port: int | None = None,
    scheme: str | None = None,
    headers: Mapping[str, Said] | None = None,
) -> Request:
    """Read ``GET /cart?x=1``, ``GET http://cart.local:8080/cart`` or, without a method, ``/cart``.

    Parts of the text take precedence over ``host``, ``port`` and ``scheme``. Without a port, the
    destination port is the one in the host. A header ``host`` changes the host that is sent, not
    the destination, because a load balancer may be in front of a gateway.

    :raises BadRequest: no client could send that.
    """
    method, _, target = text.strip().rpartition(" ")
    method = method.strip() or "GET"
    if not _METHOD.fullmatch(method):
        raise BadRequest(f"{method!r} is not a method", hint='write "GET /cart"')
    if not target.startswith("/"):
        scheme, host, target = _split(target)
    said = {name.lower(): value for name, value in (headers or {}).items()}
    dialled = port if port is not None else port_of(host or "")
    host = _one_host(said.pop("host", "")) or host or ""
    _require(host, said, target)
    return Request(method, target, host, dialled, scheme, said)


def read_call(
    text: str,
    *,
    host: str | None = None,
    port: int | None = None,
    headers: Mapping[str, Said] | None = None,
) -> Request:
    """Read ``package.Service/Method`` as a gRPC call.

    :raises BadRequest: the text does not have this form.
    """
    call = text.strip().removeprefix("/")
    if not _CALL.fullmatch(call):
        raise BadRequest(f"{text!r} is not a gRPC method", hint="write package.Service/Method")
    also = {"te": "trailers", "content-type": _GRPC, **(headers or {})}
    return read_request(f"POST /{call}", host=host, port=port, headers=also)


def bare_host(host: str) -> str:
    """Return a host without the port."""
    return _PORT.sub("", host)


def port_of(host: str) -> int | None:
    """Return the port in a host, or None if it contains none."""
    found = _PORT.search(host)
    return int(found.group(1)) if found else None


def _one_host(said: Said) -> str:
    if isinstance(said, str):
        return said
    if len(said) > 1:
        raise BadRequest("the request has several host headers", hint="give it once")
    return "".join(said)


def _split(target: str) -> tuple[str, str, str]:
    try:
        url = urlsplit(target)
    except ValueError as error:
        raise BadRequest(f"{target!r} is not a URL: {error}") from None
    if url.scheme not in _SCHEMES or not url.netloc:
        raise BadRequest(
            f"{target!r} is neither a path nor a URL", hint='write "/cart" or "http://host/cart"'
        )
    return url.scheme, url.netloc, target.partition("://")[2][len(url.netloc) :] or "/"


def _require(host: str, headers: Mapping[str, Said], path: str) -> None:
    if not host:
        raise BadRequest("the request has no host", hint="name the virtual service: host")
    if not _HOST.fullmatch(host) or len(host) > MAX_TEXT:
        raise BadRequest(f"{host[:100]!r} is not a host")
    if len(path) > MAX_PATH:
        raise BadRequest(
            f"the path has {len(path)} characters; Envoy answers 431 to more than {MAX_PATH}",
            hint="shorten the path",
        )
    if wrong := _NOT_IN_PATH.search(path):
        hint = "escape it: %20 for a space, UTF-8 byte by byte for letters"
        raise BadRequest(f"{wrong.group()!r} is not allowed in a path", hint=hint)
    for name, said in headers.items():
        _require_header(name, (said,) if isinstance(said, str) else said)


def _require_header(name: str, values: Iterable[str]) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise BadRequest(f"{name[:100]!r} is not the name of a header")
    for value in values:
        if len(value) > MAX_TEXT or _NOT_IN_VALUE.search(value):
            raise BadRequest(f"the value of {name} is too long, or contains a control character")
