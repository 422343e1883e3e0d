"""Use case of ``gitmesh retry``: have a commit read again that is held back."""

from dataclasses import dataclass
from pathlib import Path

from events.opening import has_writer
from events.types import CommitId
from reconciler.attempt import attempt_path, forget_attempt, held_back


@dataclass(frozen=True, slots=True)
class RetryAnswer:
    """The commit that will be read again."""

    held_back: CommitId | None
    """``None`` if no commit was held back."""
    server_runs: bool | None
    """If False, the next server to start reads it; ``None`` where that cannot be determined."""


def retry(log: Path) -> RetryAnswer:
    """Forget that the server was killed while it read the tip of its branch."""
    record = attempt_path(log)
    held = held_back(record)
    if held is not None:
        forget_attempt(record)
    return RetryAnswer(None if held is None else held.commit, has_writer(log))
