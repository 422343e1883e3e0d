"""Rules for every command: selection of the repository, and machine-readable output."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import pytest

from gitmesh.cli.program import COMMANDS, program
from gitmesh.demo.sample import sample_repo
from gitmesh.json_shapes.page import SHAPES, page
from gitmesh.json_shapes.page import fields as shape_fields
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop
from tests.support.server import Server

WEB = "mesh/shop/virtualNode/web"
ROUTE = "mesh/shop/virtualRouter/cart/route/all"

ANSWERS: Final[Mapping[str, Sequence[str]]] = {
    "init": ["init", "new.git"],
    "hooks": ["hooks"],
    "new": ["new", "node", "fresh", "--mesh", "fresh"],
    "explain": ["explain", "mesh.egressFilter"],
    "import": ["import", "specs/shop/mesh.yaml", "--to", "there", "--dry-run"],
    "fmt": ["fmt", "--check", "specs"],
    "validate": ["validate", "specs"],
    "route-test": ["route-test", "specs"],
    "plan": ["plan", "specs"],
    "status": ["status"],
    "proxies": ["proxies"],
    "log": ["log"],
    "show": ["show"],
    "state": ["state"],
    "blame": ["blame", ROUTE],
    "diff": ["diff", "main~2", "main"],
    "wait": ["wait", "--for", "applied"],
    "export": ["export"],
    "top": ["top"],
    "doctor": ["doctor"],
    "traffic": ["traffic"],
    "who-calls": ["who-calls", "cart"],
    "rollback": ["rollback", "main~2", "--dry-run"],
    "change": ["change", "list"],
    "pin": ["pin", "main", "--reason", "INC-7", "--for", "2h"],
    "unpin": ["unpin"],
    "retry": ["retry"],
    "graph": ["graph", "main"],
    "translate": ["translate", "specs", "--node", WEB],
    "bootstrap": ["bootstrap", "--node", WEB],
    "intercept": ["intercept", "--app-ports", "8080"],
    "verify": ["verify"],
    "keygen": ["keygen", "../shop.key", "--name", "shop.example"],
    "checkpoint": ["checkpoint", "--key", "../shop.key"],
    "prove": ["prove", "12"],
    "backup": ["backup", "copy.sqlite3"],
    "version": ["version"],
}
"""A use of each command that answers and ends, in a folder with ``specs``, a repository."""

ELSEWHERE: Final = {
    "serve": "its lines: test_the_lines_of_a_server_are_json_each",
    "demo": "what it reports: tests/envoy/test_demo.py",
    **dict.fromkeys(
        ("get", "apply", "edit", "delete"), "of a server: tests/client/test_server_commands.py"
    ),
    "credential": "a group of commands: tests/access/test_credential_command.py",
    "user": "a group of commands: tests/access/test_user_command.py",
    "shift": "a group of commands: tests/gitmesh/cli/commands/repository/test_shift.py",
}
NO_REPOSITORY: Final = {
    "init",
    "new",
    "explain",
    "import",
    "fmt",
    "bootstrap",
    "keygen",
    "credential",
    "user",
    "demo",
    "get",
    "apply",
    "edit",
    "delete",
    "version",
}
"""Commands that need none, or make one."""
BY_LINE: Final = {"log", "export"}
ENDINGS: Final = {"status": 4, "pin": 4, "unpin": 4, "doctor": 1}
"""Exit codes without a server, where they are not 0: not yet, or a problem that is found."""


def options(name: str) -> set[str]:
    """Return the options of a command; of a group, those that each of its commands has."""
    command = program.get_command(click.Context(program), name)
    assert command is not None
    parts = command.commands.values() if isinstance(command, click.Group) else [command]
    return set.intersection(*({o for p in part.params for o in p.opts} for part in parts))


@pytest.fixture
def here(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory: a copy of the shop, which has signed checkpoints."""
    shutil.copytree(shop.bare, tmp_path / "shop.git")
    shutil.copytree(sample_repo(), tmp_path / "shop.git" / "specs")
    monkeypatch.chdir(tmp_path / "shop.git")
    return tmp_path / "shop.git"


def test_every_command_is_asked_here() -> None:
    assert set(COMMANDS) == ANSWERS.keys() | ELSEWHERE.keys()
    assert not ANSWERS.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json(name: str) -> None:
    assert "--json" in options(name)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NO_REPOSITORY))
def test_every_command_is_told_the_repository_by_one_option(name: str) -> None:
    assert "--repo" in options(name)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_command_answers_with_json_alone(name: str, here: Path) -> None:
    if name in ("checkpoint", "prove"):
        assert gitmesh(*ANSWERS["keygen"]).code == 0
    if name == "prove":
        assert gitmesh(*ANSWERS["checkpoint"]).code == 0
    done = gitmesh(*ANSWERS[name], "--json")
    assert done.code == ENDINGS.get(name, 0), done.err
    assert done.err == ""
    answers = done.json_lines() if name in BY_LINE else [done.json()]
    assert answers
    assert all(isinstance(answer, dict) for answer in answers)


# ---- the fields ------------------------------------------------------------------------------

PAGE: Final = Path(__file__).parents[3] / "docs" / "json.md"
ELSEWHERE_TOLD: Final = {"data", "about", "event", "spec"}
"""Events and specs have pages of their own."""


def fields(value: Any, path: str = "") -> Iterator[str]:
    """Yield where each field stands, as ``changes[].kind``."""
    if isinstance(value, list):
        for inner in value:
            yield from fields(inner, f"{path}[]")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (at := f"{path}.{name}" if path else name)
            if name not in ELSEWHERE_TOLD:
                yield from fields(inner, at)


def test_the_page_is_that_of_the_shapes() -> None:
    assert PAGE.read_text() == page(), "write it: python -m gitmesh.json_shapes.page > docs/json.md"


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() & SHAPES.keys()))
def test_what_is_asked_is_answered_with_the_fields_of_its_shape(name: str, here: Path) -> None:
    if name == "checkpoint":
        assert gitmesh(*ANSWERS["keygen"]).code == 0
    done = gitmesh(*ANSWERS[name], "--json")
    answers = done.json_lines() if name in BY_LINE else [done.json()]
    found = {field for answer in answers for field in fields(answer)}
    promised = list(shape_fields(SHAPES[name]))
    assert [field for field in found if not is_promised(field, promised)] == []
    # The answer itself has every field, also where there is nothing to tell.
    assert {field for field in promised if field.isalnum()} <= found


def is_promised(field: str, promised: Sequence[str]) -> bool:
    """Tell whether a field is on the page, or in something whose inside is told elsewhere."""
    names = {name.removesuffix("?") for name in promised}
    names |= {name[: at + 2] for name in names if (at := name.find("{}")) >= 0}
    for name in names:
        is_leaf = not any(
            other.startswith((f"{name}.", f"{name}[", f"{name}{{")) for other in names
        )
        pattern = re.escape(name).replace(r"\{\}", r"\.[^.\[]+") + (
            r"([.\[].*)?" if is_leaf else ""
        )
        if re.fullmatch(pattern, field):
            return True
    return False


def test_errors_and_empty_results_are_as_the_page_says(here: Path) -> None:
    for asked in (("status", "nowhere"), ("validate", "nosuch"), ("show", "99999")):
        refused = gitmesh(*asked, "--json")
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith("error: ")
    for command in ("log", "export"):
        none = gitmesh(command, "--kind", "PushRefused", "--json")
        assert (none.code, none.out, none.err) == (0, "", "")
    none = gitmesh("proxies", "--json")
    assert (none.code, none.json()["proxies"], none.err) == (0, [], "")
    (here / "bad.yaml").write_text("kind: Nothing\n")
    refused = gitmesh("diff", "main", "bad.yaml", "--json")
    assert (refused.code, refused.out) == (2, "")
    problems = gitmesh("diff", "main", "main~1", "--json").json()["problems"]
    assert problems[0].keys() == {
        *("path", "line", "where", "code", "message", "hint", "severity"),
    }


def test_the_lines_of_a_server_are_json_each(here: Path) -> None:
    with Server(here) as server:
        server.wait_for("ready")
        assert server.stop() == 0
    said = (here.parent / "serve.log").read_text().splitlines()
    assert {"at", "level", "message"} <= set.intersection(*(set(json.loads(s)) for s in said))


@pytest.mark.parametrize(
    "name", ["log", "export", "verify", "proxies", "backup", "checkpoint", "prove"]
)
def test_the_repository_may_be_an_argument_as_well(name: str, here: Path) -> None:
    assert gitmesh(*ANSWERS["keygen"]).code == 0
    assert gitmesh(*ANSWERS["checkpoint"]).code == 0
    empty = here.parent / "empty"
    empty.mkdir()
    named = gitmesh(*ANSWERS[name], here)
    assert named.code == 0, named.err
    wrong = gitmesh(*ANSWERS[name], here, "--repo", empty)
    assert wrong.code == 2
    assert f"two repositories are given: {here} and --repo {empty}" in wrong.err
