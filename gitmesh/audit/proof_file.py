"""Creation of proofs from a log and its newest checkpoint, and verification of a proof in a
file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from events.encoding.codec import json_object
from events.integrity.checkpoint import Checkpoint, leaf_of, time_leaf
from events.integrity.note import VerifierKey, WrongNote, text_of
from events.integrity.proof import (
    GROWTH,
    Proven,
    WrongProof,
    check,
    check_growth,
    prove,
    prove_growth,
)
from events.store import EventReader
from events.types import START, Chain, Seq
from gitmesh.audit.attestation import read_note
from mesh.canonical import JsonObject
from mesh.errors import Fatal, UsageError
from reconciler.git.checkpoint_ref import REF, CheckpointRef
from reconciler.git.repository import GitRepository

_MOST_BYTES: Final = 16 * 1024 * 1024


def prove_event(log: EventReader, repo: GitRepository, chain: Chain, seq: Seq) -> JsonObject:
    """Return the inclusion proof of an event under the newest checkpoint.

    :raises UsageError: there is no such event, or no checkpoint covers it yet.
    :raises Fatal: the log contradicts the checkpoint.
    """
    head = log.head(chain).seq
    if seq > head:
        raise UsageError(f"the {chain} chain has no event {seq}", hint=f"its last is {head}")
    note, checkpoint = _newest(repo, chain)
    if checkpoint.size < seq:
        raise UsageError(
            f"the newest checkpoint covers {checkpoint.size} events, not event {seq}",
            hint="sign another one: gitmesh checkpoint",
        )
    (row,) = log.rows(chain, after=Seq(seq - 1), limit=1)
    leaves = _leaves(log, chain, checkpoint.size)
    times = _times(log, checkpoint.size) if checkpoint.times_root is not None else ()
    try:
        return prove(chain, row, json_object(row.data), leaves, note, times)
    except ValueError as error:  # WrongProof, or what is no event at all
        raise Fatal(f"nothing can be proven: {error}", hint="run gitmesh verify") from None


def _leaves(log: EventReader, chain: Chain, size: int) -> list[bytes]:
    return [leaf_of(row) for row in log.rows(chain, after=START, limit=size)]


def _times(log: EventReader, size: int) -> list[bytes]:
    return [time_leaf(row.seq, row.at) for row in log.rows(Chain.MESH, after=START, limit=size)]


def _newest(repo: GitRepository, chain: Chain) -> tuple[str, Checkpoint]:
    latest = CheckpointRef(repo).latest()
    if latest is None:
        raise UsageError(
            f"there is no checkpoint in {REF}",
            hint="sign one: gitmesh keygen shop.key --name shop.example, then "
            "gitmesh checkpoint --key shop.key",
        )
    note = latest.notes.get(chain.value, "")
    try:
        return note, Checkpoint.parse(text_of(note))
    except WrongNote as error:
        raise Fatal(f"{REF} holds no checkpoint: {error}", hint="run gitmesh verify") from None


def prove_grown(log: EventReader, repo: GitRepository, older: Path) -> JsonObject:
    """Return the proof that the newest checkpoint continues the checkpoint in a file.

    :raises UsageError: the file contains no checkpoint, or no newer one exists.
    :raises Fatal: the log contradicts a checkpoint.
    """
    try:
        note = older.read_text("utf-8")
        chain = read_note(str(older), note, None).chain
    except (WrongNote, UnicodeDecodeError) as error:
        raise UsageError(f"{older}: {error}", hint="name a file that holds one") from None
    newer, checkpoint = _newest(repo, chain)
    leaves = _leaves(log, chain, checkpoint.size)
    try:
        return prove_growth(chain, note, newer, leaves)
    except WrongProof as error:
        raise Fatal(f"nothing can be proven: {error}", hint="run gitmesh verify") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object without duplicate keys.

    If a key had two values, a person might read one of them while the check uses the other.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WrongProof("it has two fields with the same name")
    return found


def check_file(path: Path, keys: Sequence[VerifierKey]) -> Proven | tuple[Checkpoint, Checkpoint]:
    """Check the proof in a file; return what it proves: an event, or growth.

    :raises WrongProof: the proof is invalid.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise WrongProof("it is too big to be a proof")
    try:
        proof = json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
    except WrongProof:
        raise
    except (ValueError, RecursionError):
        raise WrongProof("it is not JSON") from None
    if isinstance(proof, dict) and proof.get("format") == GROWTH:
        return check_growth(proof, keys)
    return check(proof, keys)
