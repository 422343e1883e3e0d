"""Help fits the terminal, and is found where it is looked for."""

import shlex

import pytest

from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS
from tests.support.command_line import gitmesh


def test_without_a_command_the_help_is_all_that_is_printed() -> None:
    alone = gitmesh()
    assert alone.code == exit_codes.USAGE
    assert (alone.out, alone.err) == (gitmesh("--help").out, "")


@pytest.mark.parametrize("name", ["log", "route-test"])
def test_help_of_a_command_is_had_by_help(name: str) -> None:
    assert gitmesh("help", name).out == gitmesh(name, "--help").out
    assert gitmesh("help").out == gitmesh("--help").out
    missing = gitmesh("help", "stauts")
    assert (missing.code, "Did you mean 'status'?" in missing.err) == (exit_codes.USAGE, True)


def examples(name: str, width: int) -> list[str]:
    """Return the command lines of a command's examples as a shell joins them, without comments."""
    told = gitmesh(name, "--help", COLUMNS=str(width)).out.partition("Examples:\n")[2]
    lines = told.replace("\\\n", "").splitlines()
    return [" ".join(shlex.split(line, comments=True)) for line in lines if line.strip()]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [60, 80])
def test_examples_fit_the_terminal_and_can_be_pasted(name: str, width: int) -> None:
    told = gitmesh(name, "--help", COLUMNS=str(width)).out
    lines = told.partition("Examples:\n")[2].splitlines()
    assert lines
    words = {word for line in lines for word in line.split()}
    longest = max(map(len, words))
    assert max(map(len, lines)) <= max(width, longest + 8)
    assert list(filter(None, examples(name, width))) == list(filter(None, examples(name, 200)))


def test_tables_fit_the_terminal() -> None:
    for name in ([], ["proxies"]):
        told = gitmesh(*name, "--help", COLUMNS="60").out
        table = told.partition("Exit codes:" if not name else "States:")[2].partition("\n\n")[0]
        assert max(map(len, table.splitlines())) <= 60
        assert " ".join(table.split()) in " ".join(
            gitmesh(*name, "--help", COLUMNS="200").out.split()
        )
