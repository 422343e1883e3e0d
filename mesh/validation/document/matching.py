"""Rules for matchers of routes and gateway routes."""

from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.common import Spec
from mesh.spec.match import (
    HeaderMatch,
    HeaderMatchMethod,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    PathMatch,
    QueryParameter,
)
from mesh.validation.document.place import Place
from mesh.validation.document.text import control_characters, header_name, path, regex

_MAX_PARAMETER: Final = 1024
"""Maximum length of a query parameter name that Envoy accepts."""


def exactly_one(at: Place, **members: object) -> Iterator[Problem]:
    """Require exactly one of the members."""
    present = [name for name, value in members.items() if value is not None]
    if len(present) != 1:
        found = " and ".join(present) or "none"
        message = f"exactly one of {' and '.join(members)} must be set, found {found}"
        yield at.error("exactly-one", message)


def at_most_one(at: Place, **members: object) -> Iterator[Problem]:
    """Require at most one of the members."""
    present = [name for name, value in members.items() if value is not None]
    if len(present) > 1:
        yield at.error("at-most-one", f"{' and '.join(present)} exclude each other: keep one")


def at_least_one(at: Place, **members: object) -> Iterator[Problem]:
    """Require at least one of the members."""
    if all(value is None for value in members.values()):
        yield at.error("at-least-one", f"at least one of {', '.join(members)} must be set")


def http_match(
    match: HttpRouteMatch | HttpGatewayRouteMatch, at: Place, *, instead: object = None
) -> Iterator[Problem]:
    """Require that each condition of an HTTP match is valid, and that there is one for the path or
    for a field in ``instead``."""
    yield from _takes_some_path(match, at, instead)
    if match.prefix is not None:
        yield from path(match.prefix, at / "prefix")
    yield from _path_match(match.path, at / "path")
    yield from _method(match.method, at / "method")
    yield from headers(match.headers, at / "headers")
    yield from _query_parameters(match.query_parameters, at / "queryParameters")


def _takes_some_path(
    match: HttpRouteMatch | HttpGatewayRouteMatch, at: Place, instead: object
) -> Iterator[Problem]:
    """Require a match by prefix or by path, or one of the fields in ``instead``.

    The API's texts and the Kubernetes controller require one of the two. The service also accepted
    a match on a port alone, which matches every path: AWS's own example of several listeners
    contains three such matches.
    """
    yield from at_most_one(at, prefix=match.prefix, path=match.path)
    if match.prefix is None and match.path is None and instead is None:
        yield from implied(match, at, "exactly one of prefix and path")


def implied(match: Spec, at: Place, wanted: str) -> Iterator[Problem]:
    """Warn if a match is empty. A match with conditions, but without those in ``wanted``, matches
    every path."""
    if any(getattr(match, name) is not None for name in type(match).model_fields):
        message = f"{wanted} should be set; without it, every path matches"
        yield at.warning("implied-prefix", message, 'write prefix: "/"')
    else:
        yield at.error("empty-match", f"the match is empty; {wanted} must be set")


def _method(wanted: str | None, at: Place) -> Iterator[Problem]:
    """Warn about the method CONNECT, which asks for a tunnel and has no path."""
    if wanted == "CONNECT":
        message = "the method CONNECT has no effect: proxies answer it with 404 before any route"
        yield at.warning("no-effect", message, "remove the route; it matches nothing")


def _path_match(match: PathMatch | None, at: Place) -> Iterator[Problem]:
    """Require a valid exact path or regular expression."""
    if match is None:
        return
    yield from exactly_one(at, exact=match.exact, regex=match.regex)
    if match.exact is not None:
        yield from path(match.exact, at / "exact")
    if match.regex is not None:
        yield from regex(match.regex, at / "regex")


def headers(matches: tuple[HeaderMatch, ...] | None, at: Place) -> Iterator[Problem]:
    """Require that each header, or gRPC metadata entry, has a valid name and a match that can
    succeed."""
    for index, header in enumerate(matches or ()):
        here = at / index
        yield from header_name(header.name, here / "name")
        if header.match is not None:
            yield from _header_value(header.match, here / "match")


def _header_value(match: HeaderMatchMethod, at: Place) -> Iterator[Problem]:
    for name, text in (("exact", match.exact), ("prefix", match.prefix), ("suffix", match.suffix)):
        if text is not None:
            yield from control_characters(text, at / name)
    if match.regex is not None:
        yield from regex(match.regex, at / "regex")
    if match.range is not None and match.range.end <= match.range.start:
        message = (
            f"the range from {match.range.start} to before {match.range.end} contains no number"
        )
        yield (at / "range").error("empty-range", message, "end must be more than start")


def _query_parameters(
    parameters: tuple[QueryParameter, ...] | None, at: Place
) -> Iterator[Problem]:
    """Require a query parameter name that Envoy accepts."""
    for index, parameter in enumerate(parameters or ()):
        if not 1 <= len(parameter.name.encode()) <= _MAX_PARAMETER:
            message = f"the name of a query parameter has 1 to {_MAX_PARAMETER} bytes"
            yield (at / index / "name").error("wrong-length", message)


def grpc_name(name: str | None, at: Place) -> Iterator[Problem]:
    """Require a gRPC service or method name that can be a segment of a path."""
    if name is not None and (not name or "/" in name or any(c.isspace() for c in name)):
        message = f"{name!r} is not a gRPC name"
        yield at.error(
            "bad-grpc-name", message, "write serviceName: package.Service and methodName: Method"
        )
    elif name is not None:
        yield from control_characters(name, at)
