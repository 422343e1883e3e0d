"""Matching of a request against a route, with the conditions that fail."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from mesh.graph.matching import Match
from mesh.routing.paths import parameters, without_query
from mesh.routing.request import Request
from mesh.spec.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HeaderMatch,
    HeaderMatchMethod,
    HostnameMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    PathMatch,
    QueryParameter,
)

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_PORT: Final = re.compile(r":[0-9]+")


@dataclass(frozen=True, slots=True)
class Miss:
    """A failed condition of a match, with the request's actual value."""

    asked: str
    found: str | None = None
    """The actual value; None if the request has no such part."""

    def __str__(self) -> str:
        has = "it has none" if self.found is None else f'it has "{self.found}"'
        return f"{self.asked} is required, {has}"


def misses(match: Match | None, request: Request) -> Iterator[Miss]:
    """Yield the conditions of a match that a request does not meet; none if it matches."""
    match match:
        case HttpRouteMatch():
            yield from _http_path(match.prefix, match.path, request)
            yield from _method(match.method, request)
            if match.scheme is not None and match.scheme != request.scheme:
                yield Miss(f"scheme {match.scheme}", request.scheme)
            yield from _headers(match.headers, request)
            yield from _query(match.query_parameters, request)
        case HttpGatewayRouteMatch():
            yield from _http_path(match.prefix, match.path, request)
            yield from _hostname(match.hostname, request)
            yield from _method(match.method, request)
            yield from _headers(match.headers, request)
            yield from _query(match.query_parameters, request)
        case GrpcRouteMatch():
            yield from _call(match.service_name, match.method_name, request)
            yield from _headers(match.metadata, request)
        case GrpcGatewayRouteMatch():
            yield from _call(match.service_name, None, request)
            yield from _hostname(match.hostname, request)
            yield from _headers(match.metadata, request)
        case _:
            return


def takes(match: Match | None, request: Request) -> bool:
    """Return whether a request matches. A TCP match accepts every connection."""
    return next(misses(match, request), None) is None


def _http_path(prefix: str | None, path: PathMatch | None, request: Request) -> Iterator[Miss]:
    has = without_query(request.path)
    if path is not None and path.exact is not None:
        if has != path.exact:
            yield Miss(f'path "{path.exact}"', has)
    elif path is not None:
        if not whole(path.regex or "", has):
            yield Miss(f'path of the form "{path.regex}"', has)
    elif not has.startswith(prefix or "/"):
        yield Miss(f'prefix "{prefix}"', has)


def _call(service: str | None, method: str | None, request: Request) -> Iterator[Miss]:
    if not request.is_grpc:
        yield Miss("a gRPC content-type", request.value("content-type"))
    if service is None:
        return
    has = without_query(request.path)
    if method is not None:
        if has != f"/{service}/{method}":
            yield Miss(f'gRPC method "{service}/{method}"', has.removeprefix("/"))
    elif not has.startswith(f"/{service}/"):
        yield Miss(f'gRPC service "{service}"', has.removeprefix("/"))


def _method(method: str | None, request: Request) -> Iterator[Miss]:
    if method is not None and method != request.method:
        yield Miss(f"method {method}", request.method)


def _hostname(host: HostnameMatch | None, request: Request) -> Iterator[Miss]:
    if host is None:
        return
    # Only a number after the last colon is a port; other text there is part of the name.
    name, mark, port = request.host.lower().rpartition(":")
    has = [request.host.lower(), *([name] if mark and _PORT.fullmatch(f":{port}") else [])]
    if host.exact is not None:
        if host.exact.lower() not in has:
            yield Miss(f'host "{host.exact}"', request.host)
    elif not any(each.endswith((host.suffix or "").lower()) for each in has):
        yield Miss(f'a host that ends with "{host.suffix}"', request.host)


def _headers(headers: Iterable[HeaderMatch] | None, request: Request) -> Iterator[Miss]:
    for header in headers or ():
        values = request.values(header.name)
        if not _header(header, values):
            yield Miss(_asked(header), '", "'.join(values) if values else None)


def _header(header: HeaderMatch, values: Sequence[str]) -> bool:
    """Return whether a header matches: at least one value must match; with ``invert``, none may
    match."""
    inverted = bool(header.invert)
    method = header.match
    if method is None:
        return bool(values) != inverted
    # A missing header has no value, so not even an inverted value match takes it.
    return bool(values) and any(_value(method, value) for value in values) != inverted


def _value(method: HeaderMatchMethod, value: str) -> bool:
    if method.range is not None:
        number = int(value) if len(value) <= 32 and _NUMBER.fullmatch(value) else None
        if number is None or not _LOWEST <= number <= _HIGHEST:
            return False
        return method.range.start <= number < method.range.end
    if method.exact is not None:
        return value == method.exact
    if method.prefix is not None:
        return value.startswith(method.prefix)
    if method.suffix is not None:
        return value.endswith(method.suffix)
    return whole(method.regex or "", value)


def _asked(header: HeaderMatch) -> str:
    name, method = f"header {header.name}", header.match
    if method is None:
        return f"no {name}" if header.invert else name
    no = " other than" if header.invert else ""
    if method.range is not None:
        return f"{name}{no} from {method.range.start} to below {method.range.end}"
    for kind in ("exact", "prefix", "suffix", "regex"):
        wanted = getattr(method, kind)
        if wanted is not None:
            return f'{name}{no} {kind} "{wanted}"'
    return name


def _query(asked: Iterable[QueryParameter] | None, request: Request) -> Iterator[Miss]:
    if not asked:
        return
    has = parameters(request.path)
    for each in asked:
        exact = None if each.match is None else each.match.exact
        value = has.get(each.name)
        if value is None or (exact is not None and value != exact):
            wanted = "" if exact is None else f' with "{exact}"'
            yield Miss(f'query parameter "{each.name}"{wanted}', value)


def whole(regex: str, text: str) -> bool:
    """Return whether a regular expression matches a whole text, with RE2's semantics."""
    compiled = _compiled(regex)
    return compiled is not None and compiled.fullmatch(text) is not None


@lru_cache(4096)
def _compiled(regex: str) -> Any:
    try:
        return re2.compile(regex, _OPTIONS)
    except re2.error:
        return None  # the rules for specs report this


_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
