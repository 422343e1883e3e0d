"""Change sets on disk: what is written is read back, and damaged files are named."""

from pathlib import Path

import pytest

from gitmesh.service.changes.change_set import ChangeSet, Effect, StagedCall
from gitmesh.service.changes.change_set_files import ChangeSetFiles
from mesh.errors import Fatal
from mesh.keys import Kind, ResourceKey
from reconciler.git.writing import Person

NODE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart")
CALL = StagedCall(Effect.TAG, NODE, None, {"équipe": "価格"}, (), "request", frozenset({"id"}), "d")
CHANGE = ChangeSet("move-cart", "AKID", Person("Zoë", "zoe@shop.example"), (CALL,))


@pytest.fixture
def files(tmp_path: Path) -> ChangeSetFiles:
    files = ChangeSetFiles(tmp_path / "events.sqlite3")
    with files.lock():
        files.write(CHANGE)
    return files


def test_what_is_written_is_read_back(files: ChangeSetFiles) -> None:
    assert files.find("move-cart") == CHANGE


@pytest.mark.parametrize(
    "damage",
    [b"", b"\xff\xfe", b"{", b"[]", b"null", b"{}", b"[" * 100_000, b'{"calls": [{"effect": 1}]}'],
)
def test_a_damaged_file_is_named_and_can_be_discarded(
    files: ChangeSetFiles, tmp_path: Path, damage: bytes
) -> None:
    [path] = (tmp_path / "events.sqlite3-changes").glob("*.json")
    path.write_bytes(damage)
    with pytest.raises(Fatal, match="is damaged") as caught:
        files.find("move-cart")
    assert caught.value.hint == "gitmesh change discard move-cart"
    assert files.discard("move-cart").calls == ()
    assert files.find("move-cart") is None
