"""Verification of the mesh chain against git: derive every event again and compare. Pure.

Each commit is derived by itself, from the mesh that the events before it produced, as
:mod:`reconciler.follower` did. So the first differing event is found, however long the history
before it is.

Commits that git no longer has cannot be derived. They are counted and listed, but not reported as
wrong, because git drops unreachable commits after a force push. (:func:`led_to` returns whether the
branch still leads to them.) If other rules decided a commit, the derived events may differ. Such a
commit is reported separately; the fields that git determines under any rules are still checked.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from events.encoding.codec import actor_of, encode
from events.integrity.chain import Row, event_of
from events.state import MeshState, apply_all
from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    HistoryRewritten,
    MeshEvent,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    TrafficShifted,
)
from mesh.errors import Fatal
from reconciler.event_comparison import EventMatch, compare, contradicts_git
from reconciler.history import Commits, Without, way
from reconciler.plan import ReadSpecs, derive
from reconciler.reading.reader import Progress, TreeReader
from reconciler.reading.source import Objects, SourceUnavailable
from reconciler.rules import RULES, Stretch, stretch_of

_PROGRESS_EVERY: Final = 200
_REWRITTEN: Final = "HistoryRewritten"
_OF_RESOURCE: Final = (ResourceAdded, ResourceChanged, TrafficShifted, ResourceRemoved)
_OF_COMMIT: Final = frozenset({"CommitApplied", "CommitRejected"})


class History(Commits, Objects, Protocol):
    """The parts of a repository that are needed to derive events."""

    def facts(self, commit: CommitId) -> CommitFacts:
        """Return the metadata of a commit.

        :raises ObjectMissing: the commit is missing.
        """


@dataclass(slots=True)
class Rederivation:
    """Result of deriving the events of a log again from the commits in git, and comparing them."""

    checked: int = 0
    """Number of events that equal the derived ones."""
    unchecked: int = 0
    """Number of events of commits that git no longer has."""
    gone: list[CommitId] = field(default_factory=list)
    """Commits that git no longer has, in the order of the log."""
    rewritten: list[Seq] = field(default_factory=list)
    """Positions of force pushes. Git can show that such a move was possible, not that it happened:
    no object records earlier positions of a branch."""
    otherwise: list["DecidedByOtherRules"] = field(default_factory=list)
    """Commits that other rules decided, and that have another result under the current rules."""
    reworded: list[CommitId] = field(default_factory=list)
    """Commits whose problems are the same but have other wording in this version."""
    tip: CommitId | None = None
    """The last commit that was checked."""
    difference: str | None = None
    """The first event that differs from git, as text; None if there is none."""


@dataclass(frozen=True, slots=True)
class DecidedByOtherRules:
    """A commit whose events cannot be derived again because other rules decided it."""

    stretch: Stretch
    first: Seq
    last: Seq
    difference: str
    """The difference; empty if the commit was no longer derived."""


MOST_OTHERWISE: Final = 100
"""After this many differing commits, commits decided by other rules are no longer derived. If a
rule affects every resource, each such commit costs as much as the whole mesh."""


class _Differs(Exception):
    """Raised to end the comparison: nothing after the first difference can be checked."""


def rederive(
    repo: History,
    rows: Iterator[Row],
    rules: Sequence[Stretch] = (Stretch(RULES, Seq(1)),),
    *,
    whole: int = 0,
    progress: Progress | None = None,
) -> Rederivation:
    """Derive each event of a mesh chain from git and compare; stop at the first difference.

    :param rows: the whole chain, with verified hashes.
    :param rules: the rules that decided each stretch of positions.
    :param whole: total number of rows, for ``progress``.
    """
    found = _Rederiving(repo, rules)
    done = told = 0
    try:
        for transaction in _transactions(rows):
            if progress and done >= told:
                progress("comparing with git", done, whole)
                told = done + _PROGRESS_EVERY
            found.follow(transaction)
            done += len(transaction)
    except _Differs as difference:
        found.result.difference = str(difference)
    except Fatal as error:
        found.result.difference = error.message
    return found.result


def continues(repo: Commits, seen: CommitId | None, tip: CommitId) -> bool:
    """Return whether ``tip`` can be reached from ``seen`` by new commits only."""
    return seen is None or way(repo, seen, tip, lambda commit: commit == seen).rewritten is None


def led_to(repo: History, tip: CommitId, gone: Collection[CommitId]) -> CommitId | None:
    """Return the newest of the ``gone`` commits to which the branch's first parents lead, if there
    is one.

    Git never drops reachable commits: such a commit was lost or removed.
    """
    commit = tip
    while commit not in gone:
        try:
            parents = repo.facts(commit).parents
        except SourceUnavailable:
            return None
        if not parents:
            return None
        commit = parents[0]
    return commit


def _transactions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each commit, preceded by the force push that led to it."""
    pending: list[Row] = []
    for row in rows:
        begins = row.kind == _REWRITTEN or (
            row.kind in _OF_COMMIT and not (len(pending) == 1 and pending[0].kind == _REWRITTEN)
        )
        if begins and pending:
            yield pending
            pending = []
        pending.append(row)
    if pending:
        yield pending


class _Rederiving:
    """State of the comparison: the mesh so far, and the specs from which it was read."""

    def __init__(self, repo: History, rules: Sequence[Stretch]) -> None:
        self.result = Rederivation()
        self._repo = repo
        self._rules = rules
        self._reader = TreeReader(repo)
        self._state = MeshState(resources={})
        self._read = ReadSpecs()
        self._logged: set[CommitId] = set()
        self._applied: dict[str, CommitId] = {}

    def follow(self, rows: Sequence[Row]) -> None:
        """Compare one transaction.

        :raises _Differs: the transaction differs from git.
        """
        rewritten, rows = (rows[0], rows[1:]) if rows[0].kind == _REWRITTEN else (None, rows)
        if not rows or rows[0].kind not in _OF_COMMIT:
            wrong = (rewritten or rows[0]).seq
            raise _Differs(f"event {wrong} belongs to no commit")
        commit = CommitId(rows[0].commit)
        derived: list[MeshEvent] | None = None
        try:
            facts = self._repo.facts(commit) if self._repo.has(commit) else None
            self._place(rewritten, rows[0], commit, facts)
            if facts is not None:
                derived = self._judge(rows, facts)
        except SourceUnavailable:
            facts = None
        if facts is None:
            self._skip(rows, commit)
        self._advance(rows, derived)

    def _judge(self, rows: Sequence[Row], facts: CommitFacts) -> list[MeshEvent] | None:
        """Return the derived events if they are equal; None if other rules decided the commit."""
        stretch = stretch_of(rows[0].seq, self._rules)
        if stretch.rules == RULES:
            derived = self._derive(facts)
            self._compare(rows, derived)
            return derived
        difference = ""
        if len(self.result.otherwise) < MOST_OTHERWISE:
            derived = self._derive(facts)
            try:
                self._compare(rows, derived)
            except _Differs as differs:
                difference = str(differs)
            else:
                return derived
        if wrong := contradicts_git(rows, facts):
            raise _Differs(wrong)
        where = Seq(rows[0].seq), Seq(rows[-1].seq)
        self.result.otherwise.append(DecidedByOtherRules(stretch, *where, difference))
        self._read = replace(self._read, pending=None)
        return None

    # ---- where a commit stands ----------------------------------------------------------------

    def _place(
        self, rewritten: Row | None, head: Row, commit: CommitId, facts: CommitFacts | None
    ) -> None:
        """Check that the branch could move to this commit as the log says."""
        if rewritten is None:
            if facts is not None:
                self._require_next(head, facts)
            return
        logged = event_of(rewritten)
        if not isinstance(logged, HistoryRewritten) or logged.before != self._state.tip:
            raise _Differs(
                f"event {rewritten.seq} (HistoryRewritten): the commit before it in the log is "
                f"{_short(self._state.tip)}"
            )
        self.result.rewritten.append(Seq(rewritten.seq))
        if self._repo.has(logged.after):
            self._compare_rewriting(rewritten, logged, commit)
        else:
            self.result.unchecked += 1

    def _require_next(self, head: Row, facts: CommitFacts) -> None:
        before = facts.parents[0] if facts.parents else None
        # A shallow clone lacks some parents: there the chain may begin.
        if before != self._state.tip and (self._state.tip or self._has(before)):
            raise _Differs(
                f"event {head.seq} ({head.kind} of {_short(facts.commit)}): by git, the commit "
                f"before it is {_short(before)}; by the log it is {_short(self._state.tip)}"
            )

    def _compare_rewriting(self, row: Row, logged: HistoryRewritten, commit: CommitId) -> None:
        seen, is_logged = logged.before, self._logged.__contains__
        ways = [way(self._repo, seen, logged.after, is_logged)]
        if self._repo.has(seen):
            # When it was logged, git may have lacked the old history: a new clone.
            ways.append(way(Without(self._repo, seen), seen, logged.after, is_logged))
        if not any(w.rewritten == logged and w.commits[0] == commit for w in ways):
            if not self._repo.has(seen):
                self.result.unchecked += 1  # git no longer knows what was dropped
                return
            raise _Differs(
                f"event {row.seq} (HistoryRewritten from {_short(seen)} to "
                f"{_short(logged.after)}): git shows another relation between the two"
            )
        self.result.checked += 1

    def _has(self, commit: CommitId | None) -> bool:
        return commit is not None and self._repo.has(commit)

    # ---- what a commit says -------------------------------------------------------------------

    def _derive(self, facts: CommitFacts) -> list[MeshEvent]:
        restores = self._applied.get(facts.tree)
        events, self._read = derive(self._reader, self._read, self._state, facts, restores)
        return events

    def _compare(self, rows: Sequence[Row], events: Sequence[MeshEvent]) -> None:
        actor = actor_of(events[0]) or ""
        reworded = False
        for row, event in zip(rows, events, strict=False):
            same = compare(row, encode(event, actor))
            if same is EventMatch.REWORDED:
                reworded = True
            elif same is not EventMatch.SAME:
                raise _Differs(f"event {row.seq} ({row.kind} of {row.subject}): {same}")
        if len(rows) > len(events):
            row = rows[len(events)]
            raise _Differs(
                f"event {row.seq} ({row.kind} of {row.subject}): by git, commit "
                f"{_short(row.commit)} has {len(events)} events and not this one"
            )
        if len(events) > len(rows):
            missing = encode(events[len(rows)], actor)
            raise _Differs(
                f"event {rows[-1].seq + 1} should be {missing.kind} of {missing.subject}: by git, "
                f"commit {_short(missing.commit)} has {len(events)} events, not {len(rows)}"
            )
        self.result.checked += len(rows)
        if reworded:
            self.result.reworded.append(CommitId(rows[0].commit))

    def _skip(self, rows: Sequence[Row], commit: CommitId) -> None:
        self.result.unchecked += len(rows)
        self.result.gone.append(commit)
        self._read = replace(self._read, pending=None)

    def _advance(self, rows: Sequence[Row], derived: Sequence[MeshEvent] | None) -> None:
        """Advance the mesh by the derived events, or by the logged ones if none can be derived."""
        if derived is None:
            derived = [_logged(row, follows=at > 0) for at, row in enumerate(rows)]
        numbered = [(Seq(row.seq), event) for row, event in zip(rows, derived, strict=True)]
        self._state = apply_all(self._state, numbered, in_place=True)
        self.result.tip = self._state.tip
        match derived[0]:
            case CommitApplied(facts=facts):
                self._logged.add(facts.commit)
                self._applied[facts.tree] = facts.commit
            case CommitRejected(facts=facts):
                self._logged.add(facts.commit)
            case _:
                pass


def _logged(row: Row, *, follows: bool) -> MeshEvent:
    event = event_of(row)
    if isinstance(event, _OF_RESOURCE if follows else (CommitApplied, CommitRejected)):
        return event
    raise _Differs(f"event {row.seq} ({row.kind} of {row.subject}) does not belong there")


def _short(commit: str | None) -> str:
    return commit[:7] if commit else "none"
