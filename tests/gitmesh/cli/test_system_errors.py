"""Errors of the operating system are reported in words by every command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from gitmesh.cli import exit_codes
from gitmesh.demo.sample import sample_repo
from tests.gitmesh.cli.test_every_command import ANSWERS
from tests.support import warm
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop

pytestmark = pytest.mark.timeout(600)  # many processes start, one after the other

RUN: Final = """
import importlib, json, os, resource, sys, tempfile
import gitmesh.cli.program, gitmesh.settings
commands, limits = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name, folder in gitmesh.cli.program.COMMANDS.items():
    name = name.replace("-", "_").replace("import", "import_")
    importlib.import_module("gitmesh.cli.commands." + folder + "." + name)
import events.sqlite.store, reconciler.git.repository, reconciler.reading.reader
import gitmesh.hooks.scripts
from gitmesh.__main__ import main

def run(arguments, out):
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout, sys.stderr = open(1, "w"), open(2, "w")
    for which, value in limits.items():
        number = getattr(resource, which)
        resource.setrlimit(number, (value, resource.getrlimit(number)[1]))
    sys.argv[:] = ["gitmesh", *arguments]
    code = 99
    try:
        main()
    except SystemExit as ending:
        code = ending.code or 0
    except BaseException:
        import traceback
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)

for name, arguments in commands.items():
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        run(arguments, write)
    os.close(write)
    with open(read, "rb") as file:
        text = file.read().decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([name, code, text]), flush=True)
"""
"""Runs every command in a process of its own, with limits, and prints what came of it."""

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    **ANSWERS,
    "checkpoint": ["checkpoint", "--key", "../shop.key"],
    "keygen": ["keygen", "../new.key", "--name", "shop.example"],
    "rollback": ["rollback", "main~2", "--reason", "INC-7"],
    "import": ["import", "specs/shop/mesh.yaml", "--to", "there"],
    "fmt": ["fmt", "untidy.yaml"],
    "hooks": ["hooks", "--wait", "7"],
    "serve": ["serve", "--listen", "127.0.0.1:99999"],
}
WORDS: Final = ("internal error", "Traceback", "Exception ignored")
ANSWERED: Final = {
    exit_codes.OK,
    exit_codes.REFUSED,
    exit_codes.USAGE,
    exit_codes.UNAVAILABLE,
    exit_codes.PENDING,
    exit_codes.UNPROVEN,
}
ORDINARY: Final = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
READ_ONLY: Final = (
    *("unshare", "--mount", "sh", "-ec"),
    'up="${PWD%/*}"; mount --bind "$up" "$up"; mount -o remount,ro,bind "$up"; cd "$PWD"; '
    'exec "$@"',
    "sh",
)
FULL: Final = (
    *("unshare", "--mount", "sh", "-ec"),
    "mkdir -p ../full; mount -t tmpfs -o size=16m none ../full; cp -a . ../full/shop.git; "
    "cp ../shop.key* ../full; cd ../full/shop.git; "
    'dd if=/dev/zero of=filler bs=4k status=none 2>/dev/null || true; exec "$@"',
    "sh",
)
CLOSED = ("sh", "-c", 'chmod 0 . && exec "$@"', "sh")
"""Closes the current folder."""


@pytest.fixture
def here(shop: Shop, tmp_path: Path) -> Path:
    """Return a folder with a repository and what commands work on."""
    here = tmp_path / "shop.git"
    shutil.copytree(shop.bare, here)
    shutil.copytree(sample_repo(), here / "specs")
    (here / "untidy.yaml").write_text("spec: {}\nmeshName: shop\nkind: Mesh\n")
    assert gitmesh("keygen", tmp_path / "shop.key", "--name", "shop.example").code == 0
    return here


def possible(within: Sequence[str], here: Path) -> None:
    tried = subprocess.run([*within, "true"], cwd=here, capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"this user may not do that here: {tried.stderr.decode()}")


def everything_answers(
    here: Path, within: Sequence[str] = (), limits: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Run every command; none may fail as gitmesh itself. Return how each ended."""
    arguments = [json.dumps(COMMANDS), json.dumps(limits or {})]
    with (here.parent / "said").open("w+") as said:
        # A copy is made without the permission to enter a closed folder, or to change what it is.
        if not {"unshare", CLOSED[2]}.isdisjoint(within):
            command = [*within, sys.executable, "-c", RUN, *arguments]
            path = os.pathsep.join(filter(None, sys.path))
            environment = {**os.environ, "PYTHONPATH": path}
            nothing = subprocess.DEVNULL
            subprocess.run(command, cwd=here, env=environment, stdin=nothing, stdout=said)
        else:
            output = said.fileno()
            warm.start(arguments, folder=here, output=output, program=RUN, within=within).wait()
        said.seek(0)
        lines = said.read().splitlines()
    ended = {}
    wrong = []
    for line in lines:
        name, code, text = json.loads(line)
        ended[name] = code
        if code not in ANSWERED or any(words in text for words in WORDS):
            wrong.append((name, code, text))
    assert not wrong
    assert ended.keys() == COMMANDS.keys()
    return ended


def test_where_nothing_may_be_written(here: Path) -> None:
    possible(READ_ONLY, here)
    ended = everything_answers(here, READ_ONLY)
    for name in ("init", "backup", "hooks", "keygen", "rollback", "pin", "unpin", "import", "fmt"):
        assert ended[name] in (exit_codes.USAGE, exit_codes.UNAVAILABLE), name
    assert ended["validate"] == exit_codes.OK
    assert ended["log"] == exit_codes.OK


def test_where_there_is_no_space(here: Path) -> None:
    possible(FULL, here)
    everything_answers(here, FULL)


def test_where_files_may_not_grow(here: Path) -> None:
    everything_answers(here, limits={"RLIMIT_FSIZE": 0})


@pytest.mark.parametrize("most", [6, 9, 13])
def test_where_no_more_files_can_be_opened(here: Path, most: int) -> None:
    everything_answers(here, limits={"RLIMIT_NOFILE": most})


@pytest.mark.parametrize(
    "name",
    [
        *(".", "HEAD", "config", "refs", "objects", "hooks", "gitmesh"),
        *("gitmesh/events.sqlite3", "specs", "specs/shop/mesh.yaml", "specs/gitmesh.yaml"),
    ],
)
def test_where_a_permission_is_missing(here: Path, name: str) -> None:
    possible(ORDINARY, here)
    before = (here / name).stat().st_mode
    try:
        if name == ".":  # whoever is no administrator cannot enter a closed folder
            everything_answers(here, (*CLOSED, *ORDINARY))
        else:
            (here / name).chmod(0)
            everything_answers(here, ORDINARY)
    finally:
        (here / name).chmod(before)


def put_a_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("a file\n")


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def put_a_loop(path: Path) -> None:
    shutil.rmtree(path)
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        *((put_a_file, name) for name in ("refs", "objects", "gitmesh", "hooks", "specs")),
        *((put_a_folder, name) for name in ("HEAD", "config", "gitmesh/events.sqlite3")),
        *((put_a_folder, name) for name in ("../shop.key", "untidy.yaml", "specs/gitmesh.yaml")),
        *((put_a_loop, name) for name in ("refs", "objects", "gitmesh", "specs")),
    ],
)
def test_where_something_else_is_in_its_place(
    here: Path, change: Callable[[Path], None], name: str
) -> None:
    change(here / name)
    everything_answers(here)


@pytest.mark.parametrize("most", [6, 9, 12])
@pytest.mark.parametrize("name", ["status", "init"])
def test_where_no_more_files_can_be_opened_while_modules_are_imported(
    here: Path, name: str, most: int
) -> None:
    command = [sys.executable, "-m", "gitmesh", *COMMANDS[name]]
    limited = ["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", *command]
    ran = subprocess.run(limited, cwd=here, capture_output=True, text=True, check=False)
    assert ran.returncode in ANSWERED, ran.stderr
    assert not any(words in ran.stderr for words in WORDS), ran.stderr
