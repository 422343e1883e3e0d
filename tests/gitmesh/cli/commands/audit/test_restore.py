"""Restoring from a backup, as docs/operations.md describes it."""

from pathlib import Path

import pytest

from events.types import ProxyConnected, ProxyDisconnected
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from reconciler.git.checkpoint_ref import REF
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files

NODE = "mesh/shop/virtualNode/web"
DELIVERY = (ProxyConnected(NODE, "1", "envoy"), ProxyDisconnected(NODE, "1", "gone"))
OPERATIONS = (Path(__file__).parents[5] / "docs" / "operations.md").read_text()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    follow(bare, DELIVERY)
    return bare


def mesh_head(bare: Path) -> object:
    return gitmesh("verify", bare, "--json").json()["heads"]["mesh"]


def lose(bare: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{log_path(bare)}{end}").unlink(missing_ok=True)


def test_a_restored_log_is_caught_up_from_git_to_the_very_same_head(
    bare: Path, tmp_path: Path
) -> None:
    key, copy = tmp_path / "shop.key", tmp_path / "copy.sqlite3"
    gitmesh("keygen", key, "--name", "shop.example")
    assert gitmesh("backup", copy, bare, "--json").json()["ok"] is True
    put(bare, sample_files(shares(10)), minute=1)
    follow(bare, DELIVERY)
    before = mesh_head(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0

    lose(bare)
    copy.rename(log_path(bare))
    behind = gitmesh("verify", bare, "--key", f"{key}.pub")
    assert behind.code == 1
    assert "mesh chain: it ends at event 20, but checkpoint" in behind.out
    follow(bare, DELIVERY[:1])  # as the server does when it starts
    assert mesh_head(bare) == before
    lost = gitmesh("verify", bare, "--key", f"{key}.pub")
    assert "mesh chain: it" not in lost.out
    assert "delivery chain: it ends at event 4, but checkpoint" in lost.out
    assert gitmesh("checkpoint", bare, "--key", key).code == 1

    for command in ("update-ref refs/gitmesh/checkpoints-until-the-restore " + REF,
                    f"update-ref -d {REF}"):  # fmt: skip
        assert f"git -C shop.git {command}\n" in OPERATIONS
        git(bare, *command.split())
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    assert gitmesh("verify", bare, "--key", f"{key}.pub").code == 0


def test_without_any_copy_the_mesh_chain_is_made_again_from_git(bare: Path) -> None:
    before = mesh_head(bare)
    lose(bare)
    follow(bare)
    assert mesh_head(bare) == before


def test_a_backup_is_not_written_over(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite3").touch()
    refused = gitmesh("backup", tmp_path / "copy.sqlite3", bare)
    assert refused.code == 2
    assert "choose another file" in refused.err


def test_a_damaged_log_is_backed_up_with_a_word_and_an_exit_code(
    bare: Path, tmp_path: Path
) -> None:
    log = log_path(bare)
    log.write_bytes(log.read_bytes().replace(b'"cart-v2","weight":0', b'"cart-v2","weight":9'))
    done = gitmesh("backup", tmp_path / "copy.sqlite3", bare)
    assert done.code == 1
    assert "is not what was written" in done.out
    assert "damaged in the same way as the log" in done.out


@pytest.mark.parametrize("command", ["backup", "verify", "keygen", "prove", "checkpoint"])
def test_the_page_shows_the_commands(command: str) -> None:
    assert f"\n$ gitmesh {command} " in OPERATIONS
