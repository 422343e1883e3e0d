"""Use case of ``gitmesh retry``: read a held-back commit again."""

from dataclasses import dataclass
from pathlib import Path

from events.opening import has_writer
from events.types import CommitId
from reconciler.attempt import attempt_path, forget_attempt, held_back


@dataclass(frozen=True, slots=True)
class RetryAnswer:
    """The commit that will be read again."""

    held_back: CommitId | None
    """The commit that was held back; ``None`` if there was none."""
    server_runs: bool | None
    """True if a server runs; if false, the next server to start reads the commit. ``None`` if
    unknown."""


def retry(log: Path) -> RetryAnswer:
    """Delete the record that the server was killed while it read the tip of its branch."""
    record = attempt_path(log)
    held = held_back(record)
    if held is not None:
        forget_attempt(record)
    return RetryAnswer(None if held is None else held.commit, has_writer(log))
