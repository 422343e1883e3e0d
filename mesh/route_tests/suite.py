"""Reading of route tests from a document, with problems for invalid ones."""

from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from mesh.parsing.document import Document
from mesh.parsing.spec_problems import model_problems
from mesh.problems.problem import Problem
from mesh.resource import Source, Steps
from mesh.route_tests.document import Expected, OneTest, RouteTestsDocument
from mesh.routing.request import BadRequest, Request, read_call, read_request

KIND: Final = "RouteTests"


@dataclass(frozen=True, slots=True)
class RouteTest:
    """One test, and its location."""

    request: Request
    expected: Expected
    steps: Steps
    name: str = ""


@dataclass(frozen=True, slots=True)
class RouteTests:
    """The tests of one document."""

    caller: ResourceKey
    tests: tuple[RouteTest, ...]
    source: Source = field(compare=False)


def is_route_tests(body: JsonObject) -> bool:
    """Return whether a document contains route tests."""
    return body.get("kind") == KIND and "apiVersion" not in body


def read_suite(document: Document) -> tuple[RouteTests | None, tuple[Problem, ...]]:
    """Return the tests of a document, or None if the tests are invalid. Never raises."""
    source = document.source
    try:
        body = RouteTestsDocument.model_validate(document.body, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, tuple(model_problems(error, RouteTestsDocument, source))
    try:
        caller = ResourceKey.parse(body.from_)
        if caller.kind not in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
            raise UsageError(f"{caller} sends no requests", hint="name a virtual node or gateway")
    except UsageError as error:
        wrong = source.problem(("from",), "bad-route-test", error.message, hint=error.hint)
        return None, (wrong,)
    tests, problems = [], []
    for at, test in enumerate(body.tests):
        steps: Steps = ("tests", at)
        try:
            tests.append(RouteTest(_request(test, body), test.expect, steps, test.name or ""))
        except BadRequest as error:
            problems.append(source.problem(steps, "bad-route-test", error.message, hint=error.hint))
    return RouteTests(caller, tuple(tests), source), tuple(problems)


def _request(test: OneTest, body: RouteTestsDocument) -> Request:
    host, port = test.host or body.host, test.port or body.port
    headers = {**(test.headers or {}), **(test.metadata or {})}
    if test.call is not None:
        return read_call(test.call, host=host, port=port, headers=headers)
    text = test.request or ""
    return read_request(text, host=host, port=port, scheme=test.scheme, headers=headers)
