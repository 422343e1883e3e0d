"""Checkpoint of the log of a repository, signed on request."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from events.store import EventReader
from events.types import Chain
from gitmesh.audit.checkpoint_keys import read_beside, read_secret
from gitmesh.audit.checkpoint_signer import CheckpointSigner
from reconciler.git.repository import GitRepository


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """The newest checkpoint."""

    commit: str | None
    """The commit of ``refs/gitmesh/checkpoints``; ``None`` if there were no new events to sign."""
    sizes: Mapping[Chain, int]
    """Number of events that the checkpoint covers, by chain."""


def sign_checkpoint(log: EventReader, repo: Path, key: Path) -> SignedCheckpoint:
    """Sign the current state of a log, and store the checkpoint in the repository.

    :param key: file with the secret key; public keys of its predecessors may be beside it.
    :raises UsageError: there is no such repository, or the key cannot be used.
    :raises Refused: the log contradicts an earlier checkpoint; nothing is signed.
    :raises Retryable: the checkpoint cannot be written now.
    """
    git, before = GitRepository.open(repo), read_beside(key)
    signer = CheckpointSigner(log, git, read_secret(key), before)
    filed = signer.sign()
    return SignedCheckpoint(filed.commit if filed else None, signer.signed)
