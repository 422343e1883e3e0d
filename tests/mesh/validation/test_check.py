"""Rules of one document: positions and severities of their problems."""

import pytest

from mesh.problems.problem import Severity
from mesh.reading.native import read_resources
from tests.support.one_document import ROUTE, http, problems


def test_a_rule_tells_the_line_of_the_part_that_breaks_it() -> None:
    text = """\
route:
  meshName: shop
  virtualRouterName: r
  routeName: a
  spec:
    httpRoute:
      match:
        prefix: /
        headers:
          - name: ok
          - name: not ok
      action:
        weightedTargets:
          - virtualNode: a
            weight: 0
"""
    found = read_resources("a.yaml", text.encode()).problems
    assert [(problem.line, problem.code) for problem in found] == [
        (11, "bad-header-name"),
        (13, "zero-weights"),
    ]
    assert found[0].where == "$.spec.httpRoute.match.headers[1].name"


@pytest.mark.parametrize(
    ("head", "spec", "severity"),
    [
        (ROUTE, http("{port: 80}"), Severity.WARNING),
        (ROUTE, http("{prefix: a}"), Severity.ERROR),
    ],
)
def test_only_what_cannot_be_served_as_written_stops_a_commit(
    head: str, spec: str, severity: Severity
) -> None:
    assert [problem.severity for problem in problems(head, spec)] == [severity]


def test_a_regex_is_refused_in_the_words_of_re2() -> None:
    (problem,) = problems(ROUTE, http("{path: {regex: '/a(?=b)'}}"))
    assert "invalid perl operator" in problem.message
    assert "RE2" in problem.hint
