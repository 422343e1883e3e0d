"""Printed commands work when they are pasted into the shell that showed them."""

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from gitmesh.cli.program import COMMANDS, program
from gitmesh.rendering.shell_quoting import PLACED
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop

LINE = re.compile(r"gitmesh [a-z]+ --(?:repo|log) [^;\n]*")


def parameters(name: str) -> dict[str, click.Parameter]:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    return {option: each for each in command.params for option in each.opts}


def test_the_commands_that_are_told_places_are_those_that_take_them() -> None:
    taking = [
        name
        for name in COMMANDS
        if {"--repo", "--log"} <= (found := parameters(name)).keys()
        and str(getattr(found["--log"], "help", "")).startswith("The event log.")
    ]
    assert sorted(PLACED.split("|")) == sorted(taking)


@pytest.fixture
def place(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose name is none for a shell, seen from where the user is."""
    shutil.copytree(shop.bare, tmp_path / "my shop.git")
    monkeypatch.chdir(tmp_path)
    return Path("my shop.git")


@pytest.mark.parametrize(
    "asked",
    ["pin {bad} --reason x --for 1h", "state mesh/none", "wait --timeout 0", "prove 3",
     "blame mesh/shop/virtualNode/none", "verify",
     "rollback {first} --only mesh/shop/virtualRouter/cart/route/all"],
)  # fmt: skip
@pytest.mark.parametrize("log", [False, True])
def test_what_is_told_can_be_typed(shop: Shop, place: Path, asked: str, log: bool) -> None:
    given = ["--repo", str(place)]
    if log:
        elsewhere = Path("the log.sqlite3")
        shutil.move(place / "gitmesh" / "events.sqlite3", elsewhere)
        given += ["--log", str(elsewhere)]
    done = gitmesh(*asked.format(first=shop.shift, bad=shop.bad).split(), *given)
    said = done.out + done.err
    for line in LINE.findall(said):
        typed = shlex.split(line)
        assert typed[2:4] == given[:2]
        assert ("--log" in typed) == log
    assert LINE.search(said), said


def test_a_place_is_named_once_and_only_if_it_was(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(place / "gitmesh")
    assert "gitmesh serve 'my shop.git' (" in gitmesh("log", place).err
    assert "gitmesh serve 'my shop.git' (" in gitmesh("log", "--repo", place).err
    both = gitmesh("log", place, "--log", "a log").err
    assert "gitmesh serve --log 'a log' 'my shop.git' (" in both
    monkeypatch.chdir(place)
    assert "gitmesh serve . (" in gitmesh("log").err
