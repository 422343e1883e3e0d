"""docs/audit.md shows what the commands really print."""

from pathlib import Path

from tests.tour.page import page

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def test_the_page_shows_what_the_commands_print() -> None:
    assert page() == PAGE.read_text(), "write it anew: make golden"


def test_no_question_of_the_page_is_answered_with_an_error() -> None:
    text = PAGE.read_text()
    assert "\nerror:" not in text
    assert text.count("$ gitmesh ") >= 15
