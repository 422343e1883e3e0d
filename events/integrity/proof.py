"""Proofs that a log contains an event, or that it only grew; checked without the log. Pure.

A proof is a JSON object: the event with all data that its hash includes, the path from its leaf to
the root of the tree, and the signed checkpoint with the root. With the public key, anyone can check
what the log contained when the checkpoint was signed; the rest of the log is not needed. No hash of
the mesh chain includes the time of an event: the time has its own path, to the signed root of the
times. If the checkpoint is older and has no such root, the proof has no time.

A proof of growth contains two signed checkpoints, and the path that shows that the second log
begins with the first. Anyone who kept a checkpoint can check that no event before it was changed.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from events.integrity.chain import Row, event_hash
from events.integrity.checkpoint import Checkpoint, time_leaf, verified
from events.integrity.merkle import (
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf,
    root_by_path,
    root_of,
)
from events.integrity.note import VerifierKey, WrongNote, text_of
from events.types import Chain
from mesh.canonical import JsonObject, canonical

FORMAT: Final = "gitmesh-proof-v1"
GROWTH: Final = "gitmesh-growth-v1"
_LONGEST_PATH: Final = 64
_TIME_PARTS: Final = frozenset({"at", "timePath"})
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TEXTS: Final = frozenset(Row._fields) - {"seq", "v"}


class WrongProof(ValueError):
    """A proof is invalid; the message says why."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A proven event, and the log's length when it was signed."""

    chain: Chain
    row: Row
    checkpoint: Checkpoint
    at: str | None
    """Recording time of the event; None if the proof does not cover it."""


def prove(
    chain: Chain,
    row: Row,
    data: JsonObject,
    leaves: Sequence[bytes],
    note: str,
    times: Sequence[bytes] = (),
) -> JsonObject:
    """Return the proof that a checkpoint covers an event at its position.

    :param data: the parsed ``row.data``.
    :param leaves: the Merkle leaf of every event that the checkpoint covers.
    :param note: the signed checkpoint.
    :param times: for the mesh chain: the leaf of every time that the checkpoint covers.
    :raises WrongProof: the event or the checkpoint does not belong to this log.
    """
    signed = Checkpoint.parse(text_of(note))
    if signed.size != len(leaves) or signed.root != root_of(leaves):
        raise WrongProof("the log does not match the signed checkpoint")
    path = inclusion_path(leaves, row.seq - 1)
    proof: JsonObject = {
        "format": FORMAT,
        "chain": chain.value,
        "event": {**_protected(chain, row), "data": data},
        "path": _written(path),
        "checkpoint": note,
    }
    if signed.times_root is not None:
        if signed.times_root != root_of(times):
            raise WrongProof("the times in the log do not match the signed checkpoint")
        proof["at"] = row.at
        proof["timePath"] = _written(inclusion_path(times, row.seq - 1))
    if row.data != canonical(data) or leaf(event_hash(chain, row)) != leaves[row.seq - 1]:
        raise WrongProof("the event was changed after it was written")
    return proof


def check(proof: object, keys: Iterable[VerifierKey]) -> Proven:
    """Check a proof; return the event that it proves.

    :param proof: untrusted JSON.
    :raises WrongProof: the proof is invalid.
    """
    chain, row, path, note = _parts(proof)
    try:
        if row.hash != event_hash(chain, row):
            raise WrongProof("the event does not match its hash")
        checkpoint = verified(note, chain, keys)
        root = root_by_path(leaf(row.hash), row.seq - 1, checkpoint.size, path)
        at = _proven_time(proof, chain, row, checkpoint)
    except WrongNote as error:
        raise WrongProof(f"the checkpoint is not valid: {error}") from None
    except WrongProof:
        raise
    except ValueError as error:
        raise WrongProof(f"the path does not lead to the root: {error}") from None
    if root != checkpoint.root:
        raise WrongProof("the event is not in the log of the signed checkpoint")
    return Proven(chain, row, checkpoint, at)


def _proven_time(proof: Any, chain: Chain, row: Row, checkpoint: Checkpoint) -> str | None:
    """Return the proven recording time of the event; None if the proof has none.

    :raises ValueError: no tree of the checkpoint's size has such a path.
    """
    if chain is Chain.DELIVERY and not _TIME_PARTS & proof.keys():
        return row.at
    if not _TIME_PARTS & proof.keys():
        return None
    at, path = proof.get("at"), proof.get("timePath")
    if chain is Chain.DELIVERY or not isinstance(at, str) or not isinstance(path, list):
        raise WrongProof("its data about the time are invalid")
    if checkpoint.times_root is None:
        raise WrongProof("the checkpoint has no root of the times, so no time is proven")
    root = root_by_path(time_leaf(row.seq, at), row.seq - 1, checkpoint.size, _read(path))
    if root != checkpoint.times_root:
        raise WrongProof("the time of the event does not match the signed checkpoint")
    return at


def _written(path: Iterable[bytes]) -> list[Any]:
    return [base64.b64encode(each).decode() for each in path]


def _read(path: Sequence[Any]) -> list[bytes]:
    """Return the hashes of a path in an untrusted proof.

    :raises WrongProof: the list is not a path of hashes.
    """
    try:
        if len(path) > _LONGEST_PATH:
            raise TypeError
        return [base64.b64decode(each, validate=True) for each in path]
    except (TypeError, ValueError):
        raise WrongProof("it is not a proof: a path is invalid") from None


def _parts(proof: object) -> tuple[Chain, Row, list[bytes], str]:
    if not isinstance(proof, dict) or proof.get("format") != FORMAT:
        raise WrongProof(f"it is not a proof: its format is not {FORMAT}")
    try:
        chain, path, note = Chain(proof["chain"]), proof["path"], proof["checkpoint"]
        row = _row(chain, proof["event"])
        if not isinstance(note, str) or len(path) > _LONGEST_PATH:
            raise TypeError
        return chain, row, [base64.b64decode(each, validate=True) for each in path], note
    except (LookupError, TypeError, ValueError, RecursionError, binascii.Error):
        raise WrongProof("it is not a proof: parts are missing or invalid") from None


def _protected(chain: Chain, row: Row) -> dict[str, Any]:
    """Return the fields of an event that its hash covers: in the mesh chain, all except the
    time."""
    columns = row._asdict()
    if chain is Chain.MESH:
        del columns["at"]
    return columns


def _row(chain: Chain, event: Any) -> Row:
    row = Row(**{"at": "", **event, "data": canonical(event["data"])})
    if event.keys() != _protected(chain, row).keys():
        raise TypeError
    numbers = all(type(number) is int for number in (row.seq, row.v))
    texts = all(isinstance(row._asdict()[name], str) for name in _TEXTS)
    if not numbers or not texts or not all(map(_HASH.fullmatch, (row.prev_hash, row.hash))):
        raise TypeError
    return row


def prove_growth(chain: Chain, older: str, newer: str, leaves: Sequence[bytes]) -> JsonObject:
    """Return the proof that one signed checkpoint continues another.

    :param leaves: the Merkle leaf of every event that the newer checkpoint covers.
    :raises WrongProof: the newer does not continue the older, or they do not match the log.
    """
    first, second = Checkpoint.parse(text_of(older)), Checkpoint.parse(text_of(newer))
    held = second.size == len(leaves) and second.root == root_of(leaves)
    if not held or first.root != root_of(leaves[: first.size]):
        raise WrongProof("the log does not match the signed checkpoints")
    return {
        "format": GROWTH,
        "chain": chain.value,
        "older": older,
        "newer": newer,
        "path": [base64.b64encode(each).decode() for each in consistency_path(leaves, first.size)],
    }


def check_growth(proof: object, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, Checkpoint]:
    """Check a growth proof; return its two checkpoints, of which the second continues the first.

    :param proof: untrusted JSON.
    :raises WrongProof: the proof is invalid.
    """
    if not isinstance(proof, dict) or proof.get("format") != GROWTH:
        raise WrongProof(f"it is not a proof: its format is not {GROWTH}")
    keys = list(keys)
    try:
        chain, older, newer, given = (proof[k] for k in ("chain", "older", "newer", "path"))
        if len(given) > 2 * _LONGEST_PATH:
            raise TypeError
        path = [base64.b64decode(each, validate=True) for each in given]
        first, second = (verified(str(note), Chain(chain), keys) for note in (older, newer))
    except WrongNote as error:
        raise WrongProof(f"the checkpoint is not valid: {error}") from None
    except (LookupError, TypeError, ValueError, binascii.Error):
        raise WrongProof("it is not a proof: parts are missing or invalid") from None
    if not is_consistent(first.size, first.root, second.size, second.root, path):
        raise WrongProof("the newer checkpoint does not continue the older one")
    return first, second
