"""Models of a document with route tests."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from mesh.routing.request import MAX_PATH, MAX_TEXT
from mesh.spec.common import Name, Port, Spec

MAX_TESTS: Final = 1000
"""Maximum tests in one document."""


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_Word = Annotated[str, Strict(), Field(min_length=1, max_length=MAX_TEXT)]
_Value = Annotated[str, Strict(), Field(max_length=MAX_TEXT)]
_Url = Annotated[str, Strict(), Field(min_length=1, max_length=MAX_PATH + MAX_TEXT)]
_Values = Annotated[
    tuple[_Value, ...], BeforeValidator(_listed), Field(min_length=1, max_length=50)
]
_Headers = Annotated[Mapping[_Word, _Values], Field(max_length=50)]
"""Headers of a test; a repeated header has a list of values."""
_RESULTS: Final = ("node", "shares", "outcome")


def _percent(value: object) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return f"{value} %" if whole else value


def _outcome(value: object) -> object:
    return {"outcome": value} if isinstance(value, str) else value


Part = Annotated[
    str,
    BeforeValidator(_percent),
    Strict(),
    Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3})? ?%$"),
]
"""Share of the traffic: ``90 %``, or 90."""


class Expected(Spec):
    """Expectation of a test; all given conditions must hold."""

    gateway_route: Name | None = None
    node: Name | None = None
    outcome: Literal["none", "outside", "unavailable", "refused"] | None = None
    path: _Url | None = None
    route: Name | None = None
    shares: Annotated[Mapping[Name, Part], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        found = [name for name in _RESULTS if getattr(self, name) is not None]
        other = (self.route, self.gateway_route, self.path)
        if len(found) > 1 or (not found and all(each is None for each in other)):
            context = {"choices": ", ".join(_RESULTS), "found": " and ".join(found) or "none"}
            raise PydanticCustomError("one_of", "one of {choices}, found {found}", context)
        return self


class OneTest(Spec):
    """A request, and what the test expects of it."""

    call: _Word | None = None
    """A gRPC method, ``package.Service/Method``, instead of a request."""
    expect: Annotated[Expected, BeforeValidator(_outcome)]
    headers: _Headers | None = None
    host: _Word | None = None
    metadata: _Headers | None = None
    name: _Word | None = None
    port: Port | None = None
    request: _Url | None = None
    scheme: Literal["http", "https"] | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.call is None) == (self.request is None):
            found = "none" if self.call is None else "both"
            context = {"choices": "request, call", "found": found}
            raise PydanticCustomError("one_of", "one of {choices}, found {found}", context)
        return self


class RouteTestsDocument(Spec):
    """Tests of one caller's requests; ``host`` and ``port`` apply to tests that give none."""

    kind: Literal["RouteTests"]
    from_: Annotated[str, Strict(), Field(alias="from", min_length=1, max_length=2048)]
    host: _Word | None = None
    port: Port | None = None
    tests: Annotated[tuple[OneTest, ...], Field(min_length=1, max_length=MAX_TESTS)]
