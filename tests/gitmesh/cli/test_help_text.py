"""Help fits the terminal, and every way to ask for it works."""

import os
import shlex
import subprocess
import sys

import click
import pytest

from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS, program
from tests.support.command_line import gitmesh

WIDE = 200


def help_of(name: str, width: int) -> str:
    """Return the help of a command, of the program without one, on a terminal of this width."""
    settings = {**program.context_settings, "max_content_width": width}
    root = program.context_class(program, info_name="gitmesh", terminal_width=width, **settings)
    if not name:
        return root.get_help()
    command = program.get_command(root, name)
    assert isinstance(command, click.Command)
    return command.context_class(command, parent=root, info_name=name).get_help()


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
    told = help_of(name, width).partition("Examples:\n")[2]
    lines = told.replace("\\\n", "").splitlines()
    words = (" ".join(shlex.split(line, comments=True)) for line in lines)
    return [line for line in words if line]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [60, 80])
def test_examples_fit_the_terminal_and_can_be_pasted(name: str, width: int) -> None:
    lines = help_of(name, width).partition("Examples:\n")[2].splitlines()
    words = (shlex.split(line.rstrip("\\"), comments=True) for line in lines)
    longest = max(len(word) for line in words for word in line)
    assert max(map(len, lines)) <= max(width, longest + 24), "no option, and no word, is cut"
    assert examples(name, width) == examples(name, WIDE) != []


@pytest.mark.parametrize(("name", "head"), [("", "Exit codes:"), ("proxies", "States:")])
def test_tables_fit_the_terminal(name: str, head: str) -> None:
    table = help_of(name, 60).partition(head)[2].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 60
    assert " ".join(table.split()) in " ".join(help_of(name, WIDE).split())


def test_the_width_is_that_of_the_terminal() -> None:
    asked = [sys.executable, "-m", "gitmesh", "log", "--help"]
    shown = subprocess.run(
        asked, env={**os.environ, "COLUMNS": "60"}, capture_output=True, text=True, check=True
    )
    assert max(map(len, shown.stdout.splitlines())) <= 60
