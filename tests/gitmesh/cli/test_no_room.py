"""Commands on a full disk report it, leave nothing incomplete, and work afterwards."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gitmesh.cli import exit_codes
from gitmesh.demo.sample import sample_repo
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop

WRITING = {
    "init": ["init", "new.git"],
    "hooks": ["hooks", "shop.git", "--wait", "7"],
    "keygen": ["keygen", "new.key", "--name", "shop.example"],
    "checkpoint": ["checkpoint", "--repo", "shop.git", "--key", "shop.key"],
    "backup": ["backup", "copy.sqlite3", "--repo", "shop.git"],
    "pin": ["pin", "main", "--reason", "INC-7", "--for", "2h", "--repo", "shop.git"],
    "unpin": ["unpin", "--repo", "shop.git"],
    "rollback": ["rollback", "main~2", "--reason", "INC-7", "--repo", "shop.git"],
    "rollback only": [
        *("rollback", "main~2", "--repo", "shop.git", "--reason", "INC-7"),
        *("--only", "mesh/shop/virtualRouter/cart/route/all"),
    ],
    "fmt": ["fmt", "untidy.yaml"],
    "import": ["import", "specs/shop/mesh.yaml", "--to", "there"],
}
READING = {
    "log": ["log", "--repo", "shop.git"],
    "state": ["state", "--repo", "shop.git"],
    "verify": ["verify", "--repo", "shop.git"],
}
LATER = {"pin": exit_codes.PENDING, "unpin": exit_codes.PENDING}
"""Without a server these are on their way."""


@pytest.fixture
def here(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with a repository, a key, and specs."""
    shutil.copytree(shop.bare, tmp_path / "shop.git")
    shutil.copytree(sample_repo(), tmp_path / "specs")
    (tmp_path / "untidy.yaml").write_text("spec: {}\nmeshName: shop\nkind: Mesh\n")
    monkeypatch.chdir(tmp_path)
    # Whoever reads the original just now has a log beside it, which this ends for the copy.
    copy = Path("shop.git/gitmesh/events.sqlite3")
    with contextlib.closing(sqlite3.connect(copy)) as log:
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not copy.with_name(f"{copy.name}-wal").exists()
    assert gitmesh("keygen", "shop.key", "--name", "shop.example").code == 0
    return tmp_path


def without_room(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that can make files, and write nothing into them."""
    command = [sys.executable, "-m", "gitmesh", *arguments]
    with subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        out, err = running.communicate(timeout=60)
    return subprocess.CompletedProcess(command, running.returncode, out, err)


def files(top: Path) -> dict[str, bytes]:
    """Return every file, but for the index that SQLite keeps while a log is read."""
    return {
        str(path.relative_to(top)): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.mark.parametrize("name", WRITING)
def test_what_cannot_be_written_is_told_and_works_when_there_is_room(name: str, here: Path) -> None:
    before = files(here)
    refused = without_room(WRITING[name])
    assert refused.returncode == exit_codes.UNAVAILABLE, refused
    assert refused.stderr.startswith("error: ")
    assert "Traceback" not in refused.stderr
    assert "restore" not in refused.stderr
    assert files(here) == before
    assert gitmesh(*WRITING[name]).code == LATER.get(name, 0)
    assert files(here) != before


@pytest.mark.parametrize("name", READING)
def test_a_log_that_cannot_be_read_for_want_of_room_is_not_called_damaged(
    name: str, here: Path
) -> None:
    refused = without_room(READING[name])
    assert refused.returncode == exit_codes.UNAVAILABLE, refused
    assert "free some disk space" in refused.stderr
    assert gitmesh(*READING[name]).code == 0
