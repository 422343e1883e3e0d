"""Failing route tests of a source; only tests that a change may affect are run again. Pure."""

from collections.abc import Mapping
from typing import Final

from mesh.keys import ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Problem
from mesh.route_tests import RouteTests, failures
from reconciler.reading.file import SpecFile
from reconciler.reading.listing import TooLarge
from reconciler.reading.scope import as_text

MAX_ROUTE_TESTS: Final = 2000
"""Maximum route tests of one source, in all files together."""

Failed = Mapping[str, tuple[Problem, ...]]
"""Problems of failing tests, by the path of every file with tests."""


def failed_tests(
    known: Failed,
    files: Mapping[str, SpecFile],
    changes: Mapping[str, SpecFile | None],
    before: MeshGraph,
    after: MeshGraph,
    touched: frozenset[ResourceKey],
) -> Failed:
    """Return the failing tests after files and graph have changed.

    A test runs again if its file changed, or if the change may affect its caller's proxy; the graph
    decides that as it does for serving.

    :raises TooLarge: there are more tests than the limit.
    """
    suites = {path: files[path].tests for path in known if path not in changes}
    fresh = {path: file.tests for path, file in changes.items() if file and file.tests}
    if not suites and not fresh:
        return {}
    count = sum(len(suite.tests) for each in (suites | fresh).values() for suite in each)
    if count > MAX_ROUTE_TESTS:
        raise TooLarge(b"", _too_many(count, suites | fresh))
    affected = before.dependents(touched) | after.dependents(touched)
    stale = {
        path: tests
        for path, tests in suites.items()
        if any(suite.caller in affected for suite in tests)
    }
    kept = {path: known[path] for path in suites if path not in stale}
    return kept | {path: failures(after, tests) for path, tests in (stale | fresh).items()}


def _too_many(count: int, suites: Mapping[str, tuple[RouteTests, ...]]) -> str:
    numbers = {path: sum(len(suite.tests) for suite in each) for path, each in suites.items()}
    path, most = max(numbers.items(), key=lambda item: (item[1], item[0]))
    where = as_text(path.encode("utf-8", "surrogateescape"))
    told = f"there are {count} route tests; the limit is {MAX_ROUTE_TESTS}"
    return f"{told}; {where} contains the most, {most}"
