"""JSON shapes of audits: verdicts, checkpoints and their keys, checked proofs, backups."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from events.integrity.checkpoint import Checkpoint
    from events.integrity.note import VerifierKey
    from events.integrity.proof import Proven, WrongProof
    from gitmesh.audit.verification import Verdict
    from gitmesh.service.audit.log_backup import Backup
    from gitmesh.service.audit.signed_checkpoint import SignedCheckpoint


class HeadShape(TypedDict):
    """The end of a chain."""

    seq: int
    hash: str


class StretchShape(TypedDict):
    """Positions of the mesh chain that the same rules decided."""

    rules: int
    first: int
    last: int


class RulesShape(TypedDict):
    """The rules of this version of gitmesh, and those that decided the mesh chain."""

    here: int
    decided: list[StretchShape]


class VerdictShape(TypedDict):
    """Answer of ``verify``; ``heads`` are by chain."""

    ok: bool
    problems: list[str]
    unproven: list[str]
    notes: list[str]
    unasked: list[str]
    heads: dict[str, HeadShape]
    rules: RulesShape


class CheckpointShape(TypedDict):
    """Answer of ``checkpoint``; ``signed`` has the number of events by chain."""

    ref: str
    commit: str | None
    signed: dict[str, int]


class KeyPairShape(TypedDict):
    """Answer of ``keygen``."""

    key: str
    public: list[str]


class SignedSizeShape(TypedDict):
    """The signed log, and its number of events at that time."""

    origin: str
    size: int


class ProvenEventShape(TypedDict):
    """Answer of ``prove --check`` about an event."""

    ok: bool
    chain: str
    seq: int
    at: str | None
    checkpoint: SignedSizeShape


class ProvenGrowthShape(TypedDict):
    """Answer of ``prove --check`` about growth: sizes of the log at both checkpoints."""

    ok: bool
    origin: str
    older: int
    newer: int


class WrongProofShape(TypedDict):
    """Answer of ``prove --check`` if the proof is wrong."""

    ok: bool
    problem: str


class BackupShape(TypedDict):
    """Answer of ``backup``."""

    file: str
    bytes: int
    ok: bool
    problems: list[str]


def verdict_shape(verdict: "Verdict") -> VerdictShape:
    """Return the result of a verification."""
    heads = verdict.heads.items()
    return {
        "ok": verdict.ok,
        "problems": list(verdict.problems),
        "unproven": list(verdict.unproven),
        "notes": list(verdict.notes),
        "unasked": list(verdict.unasked),
        "heads": {chain.value: {"seq": head.seq, "hash": head.hash} for chain, head in heads},
        "rules": _rules(verdict),
    }


def checkpoint_shape(signed: "SignedCheckpoint") -> CheckpointShape:
    """Return the newest checkpoint."""
    from reconciler.git.checkpoint_ref import REF

    sizes = {chain.value: size for chain, size in signed.sizes.items()}
    return {"ref": REF, "commit": signed.commit, "signed": sizes}


def key_pair_shape(file: Path, public: "Iterable[VerifierKey]") -> KeyPairShape:
    """Return the file of a secret key, and its public keys."""
    return {"key": str(file), "public": [str(each) for each in public]}


def proven_shape(
    proven: "Proven | tuple[Checkpoint, Checkpoint]",
) -> ProvenEventShape | ProvenGrowthShape:
    """Return the result of a proof: an event, or that the newer log continues the older."""
    if isinstance(proven, tuple):
        older, newer = proven
        return {"ok": True, "origin": newer.origin, "older": older.size, "newer": newer.size}
    signed = proven.checkpoint
    return {
        "ok": True,
        "chain": proven.chain.value,
        "seq": proven.row.seq,
        "at": proven.at,
        "checkpoint": {"origin": signed.origin, "size": signed.size},
    }


def wrong_proof_shape(error: "WrongProof") -> WrongProofShape:
    """Return the reason why a proof is wrong."""
    return {"ok": False, "problem": str(error)}


def backup_shape(made: "Backup") -> BackupShape:
    """Return a backup."""
    return {
        "file": str(made.file),
        "bytes": made.size,
        "ok": not made.problems,
        "problems": list(made.problems),
    }


def _rules(verdict: "Verdict") -> RulesShape:
    from events.types import Chain
    from reconciler.rules import RULES

    head = verdict.heads[Chain.MESH].seq
    return {
        "here": RULES,
        "decided": [
            {
                "rules": each.rules,
                "first": each.first,
                "last": head if each.last is None else each.last,
            }
            for each in verdict.rules
        ],
    }
