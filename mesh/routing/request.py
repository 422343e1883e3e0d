"""Requests as a client writes them, and as routes see them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from mesh.errors import GitmeshError

MAX_TEXT: Final = 8192
"""Longest host or header value."""
MAX_PATH: Final = 60 * 1024
"""Longest path: Envoy answers 431 to requests whose head is longer than 60 KiB."""

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
"""Headers whose values Envoy joins by a comma before routes are asked."""
_COOKIE: Final = "cookie"

# A proxy adds it to a request that lacks it, a gateway to every one, before routes are asked. The
# real value is random.
_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


Said: TypeAlias = str | tuple[str, ...]
"""The value of a header, or the values of one that is repeated."""


class BadRequest(GitmeshError):
    """A text is not a request that a client could send."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of HTTP or gRPC as the client sends it."""

    method: str = "GET"
    path: str = "/"
    """With the query."""
    host: str = ""
    """What ``Host`` or ``:authority`` says, with a port if it says one."""
    port: int | None = None
    """The port that is dialled; None is the only one there is."""
    scheme: str | None = None
    """What an HTTP/2 client says. HTTP/1.1 has none."""
    headers: Mapping[str, Said] = field(default_factory=dict)
    """By name in lower case: the value, or the values of a header that is repeated, in order."""

    @property
    def is_grpc(self) -> bool:
        """Whether it is a call of gRPC, which routes tell by the content type."""
        kind = self.value("content-type") or ""
        return kind == _GRPC or kind.startswith(f"{_GRPC}+")

    def heard(self, protocol: str) -> Self:
        """Return the request as a listener of that protocol hears it.

        HTTP/1.1 has no word for the scheme; HTTP/2 may send a cookie in pieces.
        """
        if protocol == "http":
            return replace(self, scheme=None)
        whole = "; ".join(self.values(_COOKIE))
        return replace(self, headers={**self.headers, _COOKIE: whole}) if whole else self

    def seen(self, *, forwarded: str | None = None) -> Self:
        """Return the request as the routes of a proxy see it, after what the proxy adds itself.

        :param forwarded: the scheme a gateway vouches for, whatever the client says of it.
        """
        said = (self.value("x-forwarded-proto") or "").lower()
        proto = forwarded or (said if said in _SCHEMES else "http")
        added = {"x-request-id": _REQUEST_ID, "x-forwarded-proto": proto}
        also = {**self.headers, **added} if forwarded else {**added, **self.headers}
        return replace(self, headers=also, scheme=self.scheme or proto)

    def values(self, name: str) -> tuple[str, ...]:
        """Return what a header or pseudo-header says, nothing where the request has none.

        A header that is repeated has several values, except those that Envoy joins into one.
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
        """Return the first value of a header or pseudo-header, None where the request has none."""
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

    What the text says goes before ``host``, ``port`` and ``scheme``. The port dialled is the one
    beside the host, where none is given. A header ``host`` changes what the request says, and not
    where it goes: a balancer may stand before a gateway.

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
    """Read ``package.Service/Method`` as the gRPC call that it names.

    :raises BadRequest: it names none.
    """
    call = text.strip().removeprefix("/")
    if not _CALL.fullmatch(call):
        raise BadRequest(f"{text!r} is not a gRPC method", hint="write package.Service/Method")
    also = {"te": "trailers", "content-type": _GRPC, **(headers or {})}
    return read_request(f"POST /{call}", host=host, port=port, headers=also)


def bare_host(host: str) -> str:
    """Return a host without its port."""
    return _PORT.sub("", host)


def port_of(host: str) -> int | None:
    """Return the port beside a host, None where there is none."""
    found = _PORT.search(host)
    return int(found.group(1)) if found else None


def _one_host(said: Said) -> str:
    if isinstance(said, str):
        return said
    if len(said) > 1:
        raise BadRequest("the request says host more than once", hint="say it once")
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
        raise BadRequest("the request says no host", hint="name the virtual service: host")
    if not _HOST.fullmatch(host) or len(host) > MAX_TEXT:
        raise BadRequest(f"{host[:100]!r} is not a host")
    if len(path) > MAX_PATH:
        raise BadRequest(
            f"the path has {len(path)} characters; Envoy answers 431 to more than {MAX_PATH}",
            hint="shorten the path",
        )
    if wrong := _NOT_IN_PATH.search(path):
        hint = "escape it: %20 for a space, UTF-8 byte by byte for letters"
        raise BadRequest(f"{wrong.group()!r} cannot stand in a path", hint=hint)
    for name, said in headers.items():
        _require_header(name, (said,) if isinstance(said, str) else said)


def _require_header(name: str, values: Iterable[str]) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise BadRequest(f"{name[:100]!r} is not the name of a header")
    for value in values:
        if len(value) > MAX_TEXT or _NOT_IN_VALUE.search(value):
            raise BadRequest(f"the value of {name} is too long, or holds a control character")
