"""Command lines that pages show: each can be pasted as it is."""

import html
import re
import shlex
from collections.abc import Iterator
from typing import Final

import click
import pytest

from gitmesh.cli.program import program
from tests.console.conftest import Served, Visitor, serve
from tests.console.test_every_page import PAGES

_SHOWN: Final = re.compile(r'class="command"><pre[^>]*><code>(.*?)</code>', re.DOTALL)


def lines(page: str) -> Iterator[list[str]]:
    """Yield each command of a page, without what the shell takes from it."""
    for text in _SHOWN.findall(page):
        for line in html.unescape(text).splitlines():
            for part in re.split(r" && | > ", line):
                yield shlex.split(part)


def parse(words: list[str]) -> None:
    """Read a command of ours as the command line would; options that do not exist raise."""
    context = click.Context(program, info_name="gitmesh", **program.context_settings)
    command = program.get_command(context, words[0])
    assert command is not None, words
    if isinstance(command, click.Group):
        return parse_in(command, words[1:], context)
    command.make_context(words[0], words[1:], parent=context)
    return None


def parse_in(group: click.Group, words: list[str], parent: click.Context) -> None:
    command = group.get_command(parent, words[0])
    assert command is not None, words
    command.make_context(words[0], words[1:], parent=parent)


def test_every_command_of_every_page_is_one(served: Served, visitor: Visitor) -> None:
    paths = ["/sign-in", "/created/main?nodes=mesh/shop/virtualNode/web", *(p for p, _ in PAGES)]
    found = [words for path in paths for words in lines(visitor.get(path).text)]
    ours = [words[1:] for words in found if words[0] == "gitmesh"]
    assert {"bootstrap", "verify"} <= {words[0] for words in ours}
    for words in ours:
        parse(words)


def test_an_empty_repository_with_a_space_in_its_path_can_be_cloned(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("a folder")
    (folder / "with spaces").mkdir()
    empty = serve(folder / "with spaces", empty=True)
    with empty.server:
        found = list(lines(empty.visitor().sign_in().get("/").text))
    assert ["git", "clone", str(empty.bare), "mesh"] in found
    for words in found:
        if words[0] == "gitmesh":
            parse(words[1:])
