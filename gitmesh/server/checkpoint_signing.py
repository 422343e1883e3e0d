"""Signing of checkpoints by the server, while it follows the branch and when it ends.

If the log contradicts an earlier checkpoint, nothing is signed and an error is logged; the server
continues to serve, because traffic must continue.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from events.integrity.note import SignerKey, VerifierKey
from events.store import EventReader
from events.types import Chain
from gitmesh.audit.checkpoint_signer import CheckpointSigner, Refused
from mesh.errors import GitmeshError, Retryable
from reconciler.git.repository import GitRepository

LOOK_EVERY_S: Final = 1.0
DELIVERY_EVERY_S: Final = 60.0
"""Interval of checkpoints if there are only delivery events, which are frequent."""

_log = logging.getLogger(__name__)


async def sign_checkpoints(
    log: EventReader, path: Path, key: SignerKey, before: Sequence[VerifierKey] = ()
) -> None:
    """Sign soon after each commit, and periodically for its delivery, until cancelled."""
    signer: CheckpointSigner | None = None
    told = ""
    mesh, signed_at = -1, 0.0
    while True:
        head = mesh
        try:
            if signer is None:
                repo = await asyncio.to_thread(GitRepository.open, path)
                signer = CheckpointSigner(log, repo, key, before)
            head = log.head(Chain.MESH).seq
            if head != mesh or time.monotonic() - signed_at >= DELIVERY_EVERY_S:
                await asyncio.to_thread(signer.sign)
                mesh, signed_at, told = head, time.monotonic(), ""
        except (GitmeshError, OSError) as found:
            error = found if isinstance(found, GitmeshError) else Retryable(str(found))
            if isinstance(error, Refused):  # All of the log was read to find that out.
                mesh, signed_at = head, time.monotonic()
            if told != error.message:
                _log.error(error.message, extra={"hint": error.hint})
            told = error.message
        await asyncio.sleep(LOOK_EVERY_S)


def sign_at_the_end(
    log: EventReader, path: Path, key: SignerKey, before: Sequence[VerifierKey] = ()
) -> None:
    """Sign the final state of a log; a failure is only logged."""
    try:
        CheckpointSigner(log, GitRepository.open(path), key, before).sign()
    except GitmeshError as error:
        _log.error(error.message, extra={"hint": error.hint})
