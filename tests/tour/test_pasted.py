"""README.md works when pasted into a shell in any folder, and changes nothing there."""

import re
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.git import ENVIRONMENT, git
from tests.support.loopback import loopback_address
from tests.tour.shown import TOP, console, settled
from tests.tour.terminal import paste

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(300)]

_USE_IT: Final = re.compile(r"^## Use it\n(.*?)^## ", re.MULTILINE | re.DOTALL)


def _clone(folder: Path) -> Path:
    """A fresh clone of this project, with an origin of its own that takes pushes."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    clone = folder / "project"
    ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(TOP, clone, ignore=ignored)
    _first_commit(clone)
    git(clone, "remote", "add", "origin", str(folder / "origin.git"))
    git(clone, "push", "--quiet", "--set-upstream", "origin", "main")
    return clone


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def _somebody_elses(folder: Path) -> Path:
    """A repository that has what the page makes, by the same names."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    mine = folder / "a house of mine, ä"
    mine.mkdir()
    for name in ("mesh/shop/cart/routes.yaml", "shop/cart/routes.yaml", "web.json", "envoy.log"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("weight: {cart-v1, weight: 100}\n")
    _first_commit(mine)
    git(mine, "remote", "add", "origin", str(folder / "origin.git"))
    git(mine, "push", "--quiet", "--set-upstream", "origin", "main")
    (mine / "shop" / "draft.txt").write_text("not committed yet")
    return mine


def _first_commit(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file and folder with its size and the time of its last change."""
    stats = ((path, path.lstat()) for path in folder.rglob("*"))
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(folder: Path, *path: str) -> dict[str, str]:
    for name in ("tmp", "home"):
        (folder / name).mkdir()
    return {
        **{name: value for name, value in ENVIRONMENT.items() if not name.endswith("_DATE")},
        "PATH": ":".join([*path, "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
    }


def _own(text: str) -> tuple[str, dict[str, str]]:
    """Return the commands with addresses and a port that are free, and what stands for what."""
    swapped = {"18000": str(_free_port())}
    for shown in sorted(set(re.findall(r"127\.0\.1\.\d", text))):
        swapped[shown] = loopback_address()
    for shown, real in swapped.items():
        text = text.replace(shown, real)
    return text, swapped


@pytest.mark.parametrize("place", [_clone, _empty, _somebody_elses])
def test_the_page_does_what_it_shows_wherever_it_is_pasted(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    world = tmp_path / "world"
    world.mkdir()
    here = place(world)
    environment = _environment(tmp_path, str(Path(sys.executable).parent))
    found = _USE_IT.search((TOP / "README.md").read_text())
    assert found is not None
    shown = console(found[1])
    commands, swapped = _own("\0".join(command for command, _ in shown))
    before = _files(world)

    printed, beside = paste(commands.split("\0"), here, environment, tmp_path / "said")

    assert _files(world) == before
    assert not any((tmp_path / "home").iterdir())
    [own] = (tmp_path / "tmp").iterdir()

    def as_shown(text: str) -> str:
        for before, after in swapped.items():
            text = text.replace(after, before)
        text = re.sub(
            rf'(?<==)"{re.escape(str(own))}/([^" ]*)"', r"\1", text
        )  # of a path with spaces
        lines = text.replace(f"{own}/", "").splitlines()
        return settled("".join(f"{line.rstrip()}\n" for line in lines))

    for (command, expected), told in zip(shown, printed, strict=True):
        if command.endswith(" &"):
            assert set(settled(expected).splitlines()) <= set(as_shown(beside).splitlines())
        else:
            assert as_shown(told) == settled(expected), command


def test_pasted_before_anything_is_installed_it_changes_nothing(tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    here = _somebody_elses(world)
    commands = [command for command, _ in console((TOP / "README.md").read_text())]
    before = _files(world)
    printed, _ = paste(commands, here, _environment(tmp_path), tmp_path / "said")
    assert "gitmesh: command not found" in "".join(printed)
    assert _files(world) == before


def test_pasted_where_no_folder_can_be_made_it_changes_nothing(tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    here = _somebody_elses(world)
    environment = _environment(tmp_path, str(Path(sys.executable).parent))
    found = _USE_IT.search((TOP / "README.md").read_text())
    assert found is not None
    commands, _ = _own("\0".join(command for command, _ in console(found[1])))
    before = _files(world)
    paste(commands.split("\0"), here, {**environment, "TMPDIR": "/nowhere"}, tmp_path / "said")
    assert _files(world) == before
