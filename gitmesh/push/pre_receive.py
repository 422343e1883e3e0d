"""The pre-receive hook: refuses pushes that the server would reject."""

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from events.memory import NO_MEMORY
from events.types import CommitId, CommitRejected
from gitmesh.inbox.pusher import Pusher
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_reason import RefusalReason
from gitmesh.inbox.refused_push_note import RefusedNote
from gitmesh.inbox.spool import SpoolUnavailable, refused_pushes
from gitmesh.push.check import MOST_DROPPED, Checked, check
from gitmesh.push.rules import Rule, forbidden, is_own
from gitmesh.push.shifts import changed_shift_problems
from gitmesh.push.wording import (
    acceptance,
    own_ref_refusal,
    refusal,
    rule_refusal,
    shift_refusal,
)
from gitmesh.queries.blast_radius import blast_radius
from gitmesh.queries.connected_proxies import connected_proxies
from gitmesh.safe_text import visible
from mesh.errors import GitmeshError
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem
from reconciler.git.repository import GitRepository
from reconciler.history import way
from reconciler.reading.tree import EMPTY, SpecTree


@dataclass(frozen=True, slots=True)
class _Push:
    """Facts about a push before it is checked."""

    repo: GitRepository
    git_dir: Path
    log: Path
    pusher: Pusher
    known: SpecTree
    began: float
    """Time at which the hook began, on the clock of ``time.perf_counter``."""


def pre_receive(
    repo: GitRepository,
    moves: Iterable[Move],
    pusher: Pusher,
    *,
    git_dir: Path,
    branch: str | None,
    log: Path,
    known: SpecTree = EMPTY,
) -> tuple[bool, list[str]]:
    """Return whether a push is accepted, and the answer to the pusher.

    Only the followed branch is checked, and only commits that are new to it. For a refused push,
    the function leaves a note for the server, which writes the log.

    :param known: specs from which the pushed ones are read by their differences.
    :raises SourceUnavailable: the repository cannot be read, or a ref would not point to a commit.
    """
    push = _Push(repo, git_dir, log, pusher, known, time.perf_counter())
    told: list[str] = []
    for move in _relevant(repo.refs_followed(branch), moves):
        try:
            accepted, lines = _decide(push, move)
        except Exception as error:
            _record(push, RefusedNote.unchecked(move, pusher, _cause(error)))
            raise
        if not accepted:
            return False, lines
        told += lines
    return True, told


def _cause(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    return str(error) or type(error).__name__


def _relevant(followed: Container[str], moves: Iterable[Move]) -> list[Move]:
    """Return the moves of the branch, and at most one of gitmesh's own refs: there may be a
    million."""
    found: list[Move] = []
    own: Move | None = None
    for move in moves:
        if move.ref in followed:
            found.append(move)
        elif own is None and is_own(move.ref):
            own = move
    return found if own is None else [own, *found]


def _decide(push: _Push, move: Move) -> tuple[bool, list[str]]:
    repo, pusher = push.repo, push.pusher
    if is_own(move.ref):
        note = RefusedNote.of(move, pusher, RefusalReason.OWN_REFS)
        return False, [*own_ref_refusal(move), *_record(push, note)]
    before = _before(repo, move)
    # A ref that is no branch may be moved to a tag, and the server follows what that names.
    after = None if move.after is None else repo.commit_at(move.ref, move.after)
    move = Move(before, after, move.ref)
    bare, current = repo.handle.is_bare, repo.refs_followed()
    if (rule := forbidden(repo, push.git_dir, move, current, bare=bare)) is not None:
        note = RefusedNote.of(move, pusher, rule.reason)
        return False, [*_forbidden(repo, move, rule), *_record(push, note)]
    if after is None or before == after:
        return True, []
    return _checked(push, move, after)


def _before(repo: GitRepository, move: Move) -> CommitId | None:
    if move.before is None or not repo.has(move.before):
        return None
    return repo.commit_at(move.ref, move.before)


def _checked(push: _Push, move: Move, after: CommitId) -> tuple[bool, list[str]]:
    checked = check(push.repo, move.before, after, push.known)
    if not checked.refused:
        if problems := _shift_problems(push.repo, move.before, after, checked):
            return False, _refused_shifts(push, move, after, problems)
        return True, _accepted(checked, push)
    found = [e for d in checked.refused for e in d.events if isinstance(e, CommitRejected)]
    note = RefusedNote.of(
        move,
        push.pusher,
        RefusalReason.PROBLEMS,
        commits=[event.facts.commit for event in found],
        problems=[problem for event in found for problem in event.problems],
        problem_count=sum(len(event.problems) + event.omitted for event in found),
    )
    return False, [*refusal(checked), *_record(push, note)]


def _shift_problems(
    repo: GitRepository, before: CommitId | None, after: CommitId, checked: Checked
) -> list[Problem]:
    old = None if before is None else repo.tree_of(before)
    return changed_shift_problems(repo, old, repo.tree_of(after), checked.after)


def _refused_shifts(
    push: _Push, move: Move, after: CommitId, problems: Sequence[Problem]
) -> list[str]:
    note = RefusedNote.of(
        move,
        push.pusher,
        RefusalReason.PROBLEMS,
        commits=[after],
        problems=[{**problem.as_json()} for problem in problems],
        problem_count=len(problems),
    )
    return [*shift_refusal(push.repo.facts(after), problems), *_record(push, note)]


def _forbidden(repo: GitRepository, move: Move, rule: Rule) -> list[str]:
    lost: Sequence[CommitId] = ()
    if move.before is not None and move.after is not None:
        found = way(repo, move.before, move.after, lambda _: False).rewritten
        lost = () if found is None else found.dropped
    shown = [repo.facts(commit) for commit in lost[:MOST_DROPPED]]
    return rule_refusal(move, rule, shown, len(lost))


def _record(push: _Push, note: RefusedNote) -> list[str]:
    """Write a note of a refused push for the server; return a message if that fails."""
    try:
        refused_pushes(push.log).put(note.line())
    except SpoolUnavailable as error:
        return [f"gitmesh: that this push was refused is not recorded: {visible(error.message)}"]
    return []


def _accepted(checked: Checked, push: _Push) -> list[str]:
    radius = blast_radius(checked.before, checked.after, checked.changed, _connected(push.log))
    return acceptance(checked, radius, round((time.perf_counter() - push.began) * 1e6))


def _connected(log: Path) -> Mapping[ResourceKey, int] | None:
    """Return the number of connected proxies of each node; None if no log can be read."""
    try:
        return connected_proxies(log)
    except GitmeshError:
        return None
