"""docs/coverage.md agrees with the code for every field."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from mesh.problems.codes import CODES
from mesh.problems.problem import Severity
from mesh.validation.document import check
from tests.coverage.changing import acts
from tests.coverage.fields import every_field
from tests.coverage.mapping import ROWS, Row, row_of
from tests.coverage.page import GOLDEN, containing, page
from tests.support.golden import GoldenCase, golden_cases_of
from xds.nodes import Client

REPOSITORY = Path(__file__).parents[2]
TESTS = REPOSITORY / "tests"
CASES = containing(golden_cases_of(Client.ENVOY, GOLDEN))
ROWS_BY_FIELD = [(field, row) for field in every_field() if (row := row_of(field))]


def test_every_field_has_a_row_and_a_golden_case() -> None:
    assert [field for field in every_field() if row_of(field) is None] == []
    assert [field for field in every_field() if field not in CASES] == []
    assert len(every_field()) == len(set(every_field())) > 250


def test_a_field_that_golden_cases_contain_is_one_of_the_models() -> None:
    assert CASES.keys() - set(every_field()) == set()


def test_every_row_is_of_use() -> None:
    used = {row.pattern for _, row in ROWS_BY_FIELD}
    assert [row.pattern for row in ROWS if row.pattern not in used] == []


def test_every_row_says_how_its_fields_act_or_why_not() -> None:
    for row in ROWS:
        assert sum(map(bool, (row.envoy, row.warning, row.pending))) == 1, row.pattern
        assert row.envoy or not row.traffic, row.pattern


def test_every_warning_is_one() -> None:
    assert {CODES[row.warning].severity for row in ROWS if row.warning} == {Severity.WARNING}


def test_every_field_is_shown_on_traffic_or_warns_that_it_cannot_act() -> None:
    unseen = [field for field, row in ROWS_BY_FIELD if not row.traffic and not row.warning]
    assert unseen == []


def test_every_traffic_test_that_is_named_exists() -> None:
    named = {test for row in ROWS for test in row.traffic}
    assert [test for test in sorted(named) if not _exists(test)] == []
    assert not _exists("test_routing::test_nobody")
    assert not _exists("test_nothing::test_paths")


def _exists(test: str) -> bool:
    module, _, name = test.partition("::")
    path = TESTS / ("" if "/" in module else "envoy") / f"{module}.py"
    return path.exists() and re.search(rf"^def {name}\(", path.read_text(), re.M) is not None


def _produced(cases: Sequence[GoldenCase]) -> str:
    outs = [path.read_text() for case in cases for path in sorted((case.folder / "out").iterdir())]
    return "\n".join(outs)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.pattern)
def test_golden_files_show_every_envoy_field_that_is_named(row: Row) -> None:
    fields = [field for field, of in ROWS_BY_FIELD if of is row]
    produced = _produced([case for field in fields for case in CASES.get(field, ())])
    for each in row.envoy:
        name = each.rpartition(".")[2]
        assert re.search(rf"^[ -]*{name}:", produced, re.M), each


def test_the_page_is_fresh() -> None:
    written = (REPOSITORY / "docs" / "coverage.md").read_text()
    assert written == page(), "python -m tests.coverage.page > docs/coverage.md"


def test_a_field_that_is_new_would_be_missed() -> None:
    assert row_of("Route.httpRoute.mirror") is None
    assert not any(fnmatchcase("VirtualNode.weather", row.pattern) for row in ROWS)


@pytest.mark.parametrize("field", every_field())
def test_a_field_changes_what_a_proxy_gets_or_warns_that_it_cannot(field: str) -> None:
    row = row_of(field)
    assert row is not None
    changes = any(acts(field, case) for case in CASES.get(field, ()))
    assert changes == bool(row.envoy)
    if row.warning:
        assert all(row.warning in _codes(case) for case in CASES[field])


def _codes(case: GoldenCase) -> set[str]:
    own = {p.code for resource in case.graph.resources.values() for p in check(resource)}
    return own | {problem.code for problem in case.graph.problems}
