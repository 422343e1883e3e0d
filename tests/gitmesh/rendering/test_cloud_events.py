"""CloudEvents output, with hostile names of people."""

from dataclasses import replace

import pytest

from events.documentation.page import example_rows
from events.integrity.chain import record_of
from events.types import Chain
from gitmesh.rendering.cloud_events import COLUMNS, row

RECORD = record_of(Chain.MESH, next(iter(example_rows(Chain.MESH))))


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\N{FULLWIDTH EQUALS SIGN}1", "\N{FULLWIDTH COMMERCIAL AT}x"],
)
def test_no_cell_is_a_formula_to_a_spreadsheet(name: str) -> None:
    """Full-width signs are the same to one that is set to Japanese or Chinese."""
    cells = dict(zip(COLUMNS, row(replace(RECORD, actor=name)), strict=True))
    assert cells["actor"] == f"'{name}"


@pytest.mark.parametrize("name", ["\t=1", "\r=1", "\n=1"])
def test_what_cannot_be_seen_begins_no_cell(name: str) -> None:
    cells = dict(zip(COLUMNS, row(replace(RECORD, actor=name)), strict=True))
    assert cells["actor"].startswith("\\")


def test_other_names_stay_what_they_are() -> None:
    cells = dict(zip(COLUMNS, row(replace(RECORD, actor="Ada = 1 <a@x>")), strict=True))
    assert cells["actor"] == "Ada = 1 <a@x>"
