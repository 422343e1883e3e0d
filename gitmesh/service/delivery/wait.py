"""Use case of ``gitmesh wait``: wait until a commit is live, or until it is refused."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.opening import has_writer, open_for_reading
from events.store import EventReader
from events.types import CommitId
from gitmesh.queries.commit_status import Refused
from gitmesh.queries.commits import facts_of
from gitmesh.queries.log_location import is_repository
from gitmesh.queries.refusal_locations import RefusalLocations
from gitmesh.queries.requested_commit import asked_commit, is_in_git, merge_of, refused_push
from gitmesh.queries.timespec import is_hex
from gitmesh.rendering.commit_status_text import refused_push_text
from gitmesh.service.delivery.outcome import Outcome, outcome
from gitmesh.service.delivery.wait_goal import Goal
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository

POLL_S: Final = 0.1
_WHOLE: Final = 40
"""Number of digits of a whole commit id."""


@dataclass(frozen=True, slots=True)
class WaitAnswer:
    """Progress of a commit when waiting ended."""

    commit: CommitId
    goal: Goal
    brought_in_by: CommitId | None
    """The merge that brought the commit into the branch, if one did."""
    outcome: Outcome
    refused: tuple[Refused, ...]
    """Refusals by proxies, with the specs that caused them."""
    server_runs: bool | None
    """True if a server runs; ``None`` if that cannot be determined."""
    subject: str = ""
    """First line of the commit's message; empty if neither log nor repository has it."""


def wait(
    log: Path,
    repo: Path,
    commit: str,
    goal: Goal,
    *,
    timeout_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> WaitAnswer:
    """Wait until a commit reaches a goal, can no longer reach it, or the timeout expires.

    :raises UsageError: there is no such commit, and ``commit`` is not a full id.
    """
    deadline = time.monotonic() + timeout_s
    with open_for_reading(log) as opened:
        sought = _commit(opened, repo, commit)
        while True:
            merge = merge_of(opened, sought, repo)
            found = _never_got_in(opened, repo, sought) or outcome(opened, merge or sought, goal)
            if found.final or time.monotonic() >= deadline:
                break
            sleep(POLL_S)
        refused, subject = _refused(found, opened, repo), _subject(opened, repo, sought)
    return WaitAnswer(sought, goal, merge, found, refused, has_writer(log), subject)


def _refused(found: Outcome, log: EventReader, repo: Path) -> tuple[Refused, ...]:
    if not found.refusals:
        return ()
    locations = RefusalLocations.beside(log, repo)
    return tuple(Refused(event, locations.of(event)) for event in found.refusals)


def _commit(log: EventReader, repo: Path, commit: str) -> CommitId:
    """Return the commit to wait for, even if no server has read it yet."""
    whole = is_hex(commit) and len(commit) == _WHOLE
    if whole or (not is_repository(repo) and is_hex(commit) and log.seq_of_commit(commit) is None):
        return CommitId(commit.lower())  # It may be on its way to the repository.
    try:
        return asked_commit(log, commit, repo)
    except UsageError:
        if (tried := refused_push(log, commit)) is None:
            raise
        return tried.commit


def _never_got_in(log: EventReader, repo: Path, commit: CommitId) -> Outcome | None:
    """Return the outcome for a commit that exists nowhere because its push was refused."""
    if log.is_logged(commit) or is_in_git(commit, repo):
        return None
    tried = refused_push(log, commit)
    return None if tried is None else Outcome(refused_push_text(tried), refused=True)


def _subject(log: EventReader, repo: Path, commit: CommitId) -> str:
    seq = log.seq_of_commit(commit)
    if seq is not None:
        message = facts_of(log, seq)[0].message
    elif is_in_git(commit, repo):
        message = GitRepository.open(repo).facts(commit).message
    else:
        return ""
    return message.partition("\n")[0].strip()
