"""Commands in a clone say that the log is elsewhere, and where."""

from pathlib import Path
from shlex import quote

import pytest

from events.opening import open_for_writing
from gitmesh.queries.log_location import log_path
from tests.support.command_line import gitmesh
from tests.support.git import git, put


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return a repository with a log, as one that a server follows has."""
    bare = tmp_path / "the shop.git"
    assert gitmesh("init", bare).code == 0
    put(bare, {"mesh.yaml": "meshName: shop\nspec: {}\n"})
    with open_for_writing(log_path(bare)):
        pass
    return bare


@pytest.fixture
def clone(tmp_path: Path, served: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(served), "clone")
    return tmp_path / "clone"


ASKING = {
    "status": (),
    "log": (),
    "wait": ("HEAD",),
    "proxies": (),
    "show": ("HEAD",),
    "state": (),
    "blame": ("mesh/shop/virtualRouter/cart",),
    "export": (),
    "verify": (),
    "pin": ("HEAD", "--reason", "x", "--for", "1h"),
    "unpin": (),
}


@pytest.mark.parametrize("command", ASKING)
def test_a_command_in_a_clone_names_the_repository_that_has_the_log(
    command: str, clone: Path, served: Path
) -> None:
    done = gitmesh(command, *ASKING[command], "--repo", clone)
    assert done.code == 2
    assert f"{clone} is a clone: the event log is beside the repository that is served" in done.err
    assert f"--repo '{served}'" in done.err
    assert "gitmesh serve" not in done.err


@pytest.mark.parametrize("address", ["../the shop.git", "file://{parent}/the%20shop.git"])
def test_a_local_repository_is_named_however_it_is_written(
    clone: Path, served: Path, address: str
) -> None:
    git(clone, "remote", "set-url", "origin", address.format(parent=served.parent))
    assert f"--repo '{served}'" in gitmesh("log", "--repo", clone).err
    assert "is a clone" not in gitmesh("log", "--repo", served).err


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://bob:secret@git.shop.example/mesh.git", "https://git.shop.example/mesh.git"),
        ("git@git.shop.example:mesh.git", "git@git.shop.example:mesh.git"),
        ("ssh://git@git.shop.example/mesh\x1b.git", r"ssh://git.shop.example/mesh\x1b.git"),
        ("/nowhere/mesh.git", "/nowhere/mesh.git"),
    ],
)
def test_a_repository_elsewhere_is_named_without_passwords(
    clone: Path, address: str, shown: str
) -> None:
    git(clone, "remote", "set-url", "origin", address)
    done = gitmesh("status", "--repo", clone)
    assert f"run it where {shown} is served, with --repo" in done.err
    assert "secret" not in done.err


def test_a_log_that_is_kept_elsewhere_is_named(clone: Path, served: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "events.sqlite3"
    log_path(served).parent.rename(log.parent)
    assert gitmesh("hooks", served, "--log", log).code == 0
    assert (
        f"--repo {quote(str(served))} --log {quote(str(log))}"
        in gitmesh("status", "--repo", clone).err
    )


def test_who_may_be_meant_to_be_served_is_told_to_start_a_server(
    clone: Path, served: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--mirror", str(served), "mirror.git")
    mirror = tmp_path / "mirror.git"
    assert f"gitmesh serve {quote(str(mirror))}" in gitmesh("log", "--repo", mirror).err
    log_path(served).unlink()
    assert f"no server has followed '{served}' yet" in gitmesh("log", "--repo", clone).err
    git(clone, "remote", "remove", "origin")
    assert f"gitmesh serve {quote(str(clone))}" in gitmesh("log", "--repo", clone).err
