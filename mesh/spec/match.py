"""Matchers that routes and gateway routes share."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import OneOf, Spec, Text, Whole

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
HeaderValue = Annotated[str, Strict(), Field(min_length=1, max_length=255)]


class MatchRange(Spec):
    """A half-open range of whole numbers: ``start`` is in it, ``end`` is not."""

    end: Whole
    start: Whole


class HeaderMatchMethod(OneOf):
    """How the value of a header, or of a gRPC metadata entry, is matched."""

    exact: HeaderValue | None = None
    prefix: HeaderValue | None = None
    range: MatchRange | None = None
    regex: HeaderValue | None = None
    suffix: HeaderValue | None = None


class HeaderMatch(Spec):
    """A header, or gRPC metadata entry, to match; without ``match`` its presence is enough."""

    invert: Annotated[bool, Strict()] | None = None
    match: HeaderMatchMethod | None = None
    name: Annotated[str, Strict(), Field(min_length=1, max_length=50)]


HeaderMatches = Annotated[tuple[HeaderMatch, ...], Field(min_length=1, max_length=10)]


class PathMatch(Spec):
    """The whole path of a request, without its query."""

    exact: Annotated[str, Strict(), Field(min_length=1, max_length=255)] | None = None
    regex: Annotated[str, Strict(), Field(min_length=1, max_length=255)] | None = None


class QueryParameterMatch(Spec):
    """How the value of a query parameter is matched."""

    exact: Text | None = None


class QueryParameter(Spec):
    """A query parameter to match; without ``match`` its presence is enough."""

    match: QueryParameterMatch | None = None
    name: Text


QueryParameters = Annotated[tuple[QueryParameter, ...], Field(min_length=1, max_length=10)]
