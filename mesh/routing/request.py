"""Requests as a client writes them, and as routes see them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import urlsplit

from mesh.errors import GitmeshError

MAX_TEXT: Final = 8192
"""Longest path, host or header value."""

_METHOD: Final = re.compile(r"[A-Z]{1,32}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_NOT_IN_PATH: Final = re.compile(r"[^\x21-\x7e]")
_NOT_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CALL: Final = re.compile(r"[^/\s]+/[^/\s]+")
_HOST: Final = re.compile(r"[^\s/?#@\x00-\x1f\x7f]+")
_PORT: Final = re.compile(r":([0-9]{1,5})$")
_GRPC: Final = "application/grpc"
_SCHEMES: Final = ("http", "https")

# A proxy adds it to a request that lacks it, a gateway to every one, before routes are asked. The
# real value is random.
_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


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
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case; several of one name are one, their values joined by a comma."""

    @property
    def is_grpc(self) -> bool:
        """Whether it is a call of gRPC, which routes tell by the content type."""
        kind = self.headers.get("content-type", "")
        return kind == _GRPC or kind.startswith(f"{_GRPC}+")

    def seen(self, *, forwarded: str | None = None) -> Self:
        """Return the request as the routes of a proxy see it, after what the proxy adds itself.

        :param forwarded: the scheme a gateway vouches for, whatever the client says of it.
        """
        said = self.headers.get("x-forwarded-proto", "").lower()
        proto = forwarded or (said if said in _SCHEMES else "http")
        added = {"x-request-id": _REQUEST_ID, "x-forwarded-proto": proto}
        also = {**self.headers, **added} if forwarded else {**added, **self.headers}
        return replace(self, headers=also, scheme=self.scheme or proto)

    def value(self, name: str) -> str | None:
        """Return the value of a header or pseudo-header, None where the request has none."""
        match name.lower():
            case ":method":
                return self.method
            case ":path":
                return self.path
            case ":scheme":
                return self.scheme
            case ":authority" | "host":
                return self.host
            case lowered:
                return self.headers.get(lowered)

    def __str__(self) -> str:
        port = "" if self.port is None or _PORT.search(self.host) else f":{self.port}"
        return f"{self.method} {self.host}{port}{self.path}"


def read_request(
    text: str,
    *,
    host: str | None = None,
    port: int | None = None,
    scheme: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Read ``GET /cart?x=1``, ``GET http://cart.local:8080/cart`` or, without a method, ``/cart``.

    What the text says goes before ``host``, ``port`` and ``scheme``. The port dialled is the one
    beside the host, where none is given.

    :raises BadRequest: no client could send that.
    """
    method, _, target = text.strip().rpartition(" ")
    method = method.strip() or "GET"
    if not _METHOD.fullmatch(method):
        raise BadRequest(f"{method!r} is not a method", hint='write "GET /cart"')
    if not target.startswith("/"):
        scheme, host, target = _split(target)
    said = {name.lower(): value for name, value in (headers or {}).items()}
    host = said.pop("host", None) or host or ""
    _require(host, said, target)
    dialled = port if port is not None else _port_of(host)
    return Request(method, target, host, dialled, scheme, said)


def read_call(
    text: str,
    *,
    host: str | None = None,
    port: int | None = None,
    headers: Mapping[str, str] | None = None,
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


def _require(host: str, headers: Mapping[str, str], path: str) -> None:
    if not host:
        raise BadRequest("the request says no host", hint="name the virtual service: host")
    if not _HOST.fullmatch(host) or len(host) > MAX_TEXT:
        raise BadRequest(f"{host[:100]!r} is not a host")
    if len(path) > MAX_TEXT:
        raise BadRequest(f"the path has {len(path)} characters, at most {MAX_TEXT} are read")
    if wrong := _NOT_IN_PATH.search(path):
        hint = "escape it: %20 for a space, UTF-8 byte by byte for letters"
        raise BadRequest(f"{wrong.group()!r} cannot stand in a path", hint=hint)
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise BadRequest(f"{name[:100]!r} is not the name of a header")
        if len(value) > MAX_TEXT or _NOT_IN_VALUE.search(value):
            raise BadRequest(f"the value of {name} is too long, or holds a control character")


def _port_of(host: str) -> int | None:
    found = _PORT.search(host)
    return int(found.group(1)) if found else None
