"""Verification of an event log with all available evidence: git, checkpoints, checkpoint files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from events.integrity.note import VerifierKey, WrongNote
from events.store import EventReader, Progress
from gitmesh.audit.attestation import Signed, read_note
from gitmesh.audit.verification import Verdict, Witnesses, verify
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sources of evidence besides the log."""

    repo: Path | None = None
    """The repository with the history and the stored checkpoints."""
    branch: str | None = None
    """The branch that was followed; ``None`` for the branch that HEAD names."""
    keys: Sequence[VerifierKey] | None = None
    """Keys that check signatures of checkpoints; if ``None``, signatures are not checked."""
    kept: Sequence[Path] = ()
    """Files with checkpoints that were kept outside the repository."""


def verify_log(log: EventReader, evidence: Evidence, progress: Progress | None = None) -> Verdict:
    """Verify a log by itself and against the evidence.

    :raises UsageError: there is no such repository, or a file has no checkpoint that a key signed.
    """
    kept = [_kept(file, evidence.keys) for file in evidence.kept]
    repo = None if evidence.repo is None else GitRepository.open(evidence.repo)
    witnesses = Witnesses(repo, evidence.branch, evidence.keys, kept)
    return verify(log, witnesses, progress=progress)


def _kept(file: Path, keys: Sequence[VerifierKey] | None) -> Signed:
    try:
        return read_note(str(file), file.read_text("utf-8"), keys)
    except (WrongNote, UnicodeDecodeError) as error:
        hint = "name a file that holds a checkpoint"
        raise UsageError(f"{file}: {error}", hint=hint) from None
