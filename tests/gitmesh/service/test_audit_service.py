"""Use cases of auditors, called as an API would call them: values in, values out."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.integrity.proof import Proven
from events.opening import open_for_reading
from events.store import EventReader
from events.types import Chain
from gitmesh.audit.checkpoint_keys import make, public_path, read_public
from gitmesh.audit.proof_file import check_file
from gitmesh.queries.log_location import log_path
from gitmesh.service.audit.event_proof import event_proof, growth_proof
from gitmesh.service.audit.log_backup import back_up_log
from gitmesh.service.audit.log_verification import Evidence, verify_log
from gitmesh.service.audit.signed_checkpoint import sign_checkpoint
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from reconciler.git.checkpoint_ref import CheckpointRef
from reconciler.git.repository import GitRepository
from tests.support.sample_shop import Shop


@pytest.fixture
def bare(shop: Shop, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shop.bare, tmp_path / "shop.git"))


@pytest.fixture
def log(bare: Path) -> Iterator[EventReader]:
    with open_for_reading(log_path(bare)) as opened:
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make(tmp_path / "shop.key", "shop.example")
    return tmp_path / "shop.key"


def proven(proof: JsonObject, key: Path) -> Proven:
    file = key.with_name("proof.json")
    file.write_text(json.dumps(proof))
    found = check_file(file, read_public(public_path(key)))
    assert isinstance(found, Proven)
    return found


def test_a_checkpoint_covers_both_chains_and_is_signed_once(
    log: EventReader, bare: Path, key: Path
) -> None:
    first = sign_checkpoint(log, bare, key)
    assert first.commit is not None
    assert first.sizes == {chain: log.head(chain).seq for chain in Chain}
    again = sign_checkpoint(log, bare, key)
    assert (again.commit, again.sizes) == (None, first.sizes)


def test_an_event_is_proven_by_its_position_or_by_its_commit(
    log: EventReader, bare: Path, key: Path, shop: Shop
) -> None:
    sign_checkpoint(log, bare, key)
    of_commit = proven(event_proof(log, bare, Chain.MESH, shop.bad), key)
    assert (of_commit.row.kind, of_commit.row.commit) == ("CommitRejected", shop.bad)
    at = str(of_commit.row.seq)
    assert proven(event_proof(log, bare, Chain.MESH, at), key) == of_commit
    with pytest.raises(UsageError, match="commits stand in the mesh chain"):
        event_proof(log, bare, Chain.DELIVERY, shop.bad)


def test_growth_is_proven_from_a_checkpoint_that_was_kept(
    log: EventReader, bare: Path, key: Path, tmp_path: Path
) -> None:
    sign_checkpoint(log, bare, key)
    latest = CheckpointRef(GitRepository.open(bare)).latest()
    assert latest is not None
    kept = tmp_path / "kept.txt"
    kept.write_text(latest.notes["mesh"])
    file = tmp_path / "growth.json"
    file.write_text(json.dumps(growth_proof(log, bare, kept)))
    found = check_file(file, read_public(public_path(key)))
    assert isinstance(found, tuple)
    assert [each.size for each in found] == [log.head(Chain.MESH).seq] * 2


def test_a_log_is_verified_by_as_much_evidence_as_there_is(
    log: EventReader, bare: Path, key: Path
) -> None:
    alone = verify_log(log, Evidence())
    assert (alone.ok, alone.unasked) == (True, ("git", "checkpoints"))
    keys = read_public(public_path(key))
    unsigned = verify_log(log, Evidence(bare, keys=keys))
    assert not unsigned.ok
    sign_checkpoint(log, bare, key)
    signed = verify_log(log, Evidence(bare, keys=keys))
    assert (signed.ok, signed.problems, signed.unasked) == (True, (), ())
    assert {chain: head.seq for chain, head in signed.heads.items()} == {
        chain: log.head(chain).seq for chain in Chain
    }


def test_a_kept_file_without_a_checkpoint_is_named(log: EventReader, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear auditor")
    with pytest.raises(UsageError, match=r"letter\.txt: "):
        verify_log(log, Evidence(kept=[file]))


def test_a_backup_is_a_log_with_the_same_heads(log: EventReader, bare: Path) -> None:
    made = back_up_log(log_path(bare), bare / "copy.sqlite3")
    assert (made.problems, made.size) == ((), made.file.stat().st_size)
    with open_for_reading(made.file) as copy:
        assert [copy.head(chain) for chain in Chain] == [log.head(chain) for chain in Chain]
    with pytest.raises(UsageError, match="exists already"):
        back_up_log(log_path(bare), made.file)
