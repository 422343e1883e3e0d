"""Every rule of docs/xds-protocol.md names tests, which exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "xds-protocol.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("|") and not line.startswith(("| rule", "|---"))
]


@cache
def names_in(module: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / module).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_there_are_rules() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_rule_is_held_by_tests_that_exist(row: list[str]) -> None:
    rule, variants, tests = row
    assert rule.endswith(".")
    assert re.fullmatch("S|D|S D", variants)
    named = re.findall(r"`([^`]+)::([^`]+)`", tests)
    assert named, "a rule without a test"
    assert not [name for module, name in named if name not in names_in(module)]


def test_every_test_of_the_session_stands_beside_its_rule() -> None:
    """The page is whole for the delta variant: no rule is tested and not told."""
    told = {name for _, name in re.findall(r"`([^`]+)::([^`]+)`", PAGE.read_text())}
    untold = {
        n for n in names_in("xds/protocol/test_delta_session.py") if n.startswith("test_")
    } - told
    assert untold == set()
