"""Answers to the pusher before a push is accepted: refusals, or its changes. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from events.types import CommitApplied, CommitFacts, CommitRejected
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_reason import RefusalReason
from gitmesh.push.check import Checked, Decided
from gitmesh.push.rules import Rule
from gitmesh.queries.blast_radius import BlastRadius
from gitmesh.rendering.amounts import count, milliseconds
from gitmesh.rendering.narration import narrate, problem_lines, short
from gitmesh.safe_text import visible
from mesh.canonical import JsonObject
from mesh.problems.problem import Problem

MOST_PROBLEMS: Final = 200
MOST_CHANGES: Final = 20
MOST_WARNINGS: Final = 10


def refusal(checked: Checked) -> list[str]:
    """Return the refusal of a push with problems: those of all commits, up to a limit."""
    problems = sum(len(e.problems) + e.omitted for e in _rejections(checked.refused))
    commits, whole = len(checked.refused), len(checked.commits)
    of = f"{count(commits, 'commit')}" if commits == whole else f"{commits} of {whole} commits"
    lines = [f"gitmesh refuses this push: {count(problems, 'problem')} in {of}"]
    left = MOST_PROBLEMS
    for decided in checked.refused:
        for event in _rejections([decided]):
            lines.append(_title(decided.facts))
            lines += [f"    {line}" for line in problem_lines(event.problems[:left])]
            left = max(0, left - len(event.problems))
    if problems > MOST_PROBLEMS - left:
        lines.append(f"  … and {problems - (MOST_PROBLEMS - left)} more")
    lines.append(
        "nothing was changed; fix the commits (git commit --amend, git rebase), and push again"
    )
    return lines


def shift_refusal(facts: CommitFacts, problems: Sequence[Problem]) -> list[str]:
    """Return the refusal of a push that changes a shift into one that cannot be made."""
    shown = tuple[JsonObject, ...]({**each.as_json()} for each in problems[:MOST_PROBLEMS])
    more = len(problems) - len(shown)
    return [
        f"gitmesh refuses this push: {count(len(problems), 'problem')} in its shifts",
        _title(facts),
        *(f"    {line}" for line in problem_lines(shown)),
        *([f"  … and {more} more"] if more else []),
        "nothing was changed; fix the document (docs/shifts.md), and push again",
    ]


def own_ref_refusal(move: Move) -> list[str]:
    """Return the refusal of a push to one of gitmesh's own refs."""
    return [
        visible(f"gitmesh refuses this push: only gitmesh moves {move.ref}"),
        "  hint: push only branches and tags: git push origin HEAD:main",
    ]


def rule_refusal(move: Move, rule: Rule, lost: Iterable[CommitFacts], lost_count: int) -> list[str]:
    """Return the refusal of a push that the repository's configuration forbids, with the commits
    that would have been lost."""
    branch = move.ref.removeprefix("refs/heads/")
    if rule.reason is RefusalReason.CHECKED_OUT:
        return _checked_out(branch, rule)
    if rule.reason is RefusalReason.DELETION:
        what = f"it deletes {branch}, the branch that is served"
    else:
        what = f"it removes {count(lost_count, 'commit')} from {branch}"
    return [
        visible(f"gitmesh refuses this push: {what} (forbidden by {rule.setting})"),
        *_titles(lost, lost_count),
        "nothing was changed; to undo changes, push a git revert",
    ]


def _checked_out(branch: str, rule: Rule) -> list[str]:
    what = f"{branch} is checked out in {rule.work_tree} (forbidden by {rule.setting})"
    hint = (
        "commit or discard the changes there, and push again"
        if rule.is_changed
        else "let pushes update the work tree: git config receive.denyCurrentBranch updateInstead, "
        "or serve a bare repository: gitmesh init PATH"
    )
    if rule.is_changed:
        what = f"the work tree {rule.work_tree} has uncommitted changes"
    return [
        visible(f"gitmesh refuses this push: {what}"),
        "nothing was changed",
        f"  hint for the repository: {hint}",
    ]


def acceptance(checked: Checked, radius: BlastRadius, microseconds: int) -> list[str]:
    """Return the changes of a push, by commit, its blast radius, and how long the check took."""
    changes = sum(len(decided.events) - 1 for decided in checked.commits if not decided.refused)
    commits = count(len(checked.commits), "commit")
    took = f"checked in {milliseconds(microseconds)}"
    lines = [f"gitmesh: {commits}, {count(changes, 'change')}; {took}"]
    lines += _dropped(checked)
    lines += _bounded(list(_changes(checked.commits)), MOST_CHANGES, "more lines: gitmesh log")
    if checked.passed_over:
        wrong = count(len(checked.passed_over), "earlier commit")
        lines.append(f"  {wrong} would have been refused; the newest one counts: gitmesh log")
    if changes:
        lines.append(f"  {radius.sentence()}")
    return lines + _warnings(checked.commits[-1])


def _dropped(checked: Checked) -> list[str]:
    """Return the commits that a force push removes from the branch; nothing for any other push."""
    if not checked.dropped_count:
        return []
    kept = "a server keeps them in refs/gitmesh/kept/"
    lines = [f"  removes {count(checked.dropped_count, 'commit')} from the branch ({kept}):"]
    return lines + _titles(checked.dropped, checked.dropped_count)


def _titles(commits: Iterable[CommitFacts], whole: int) -> list[str]:
    lines = [f"  {_title(facts)}" for facts in commits]
    more = whole - len(lines)
    return lines + ([f"    … and {more:,} more"] if more else [])


def _changes(commits: Iterable[Decided]) -> Iterator[str]:
    for decided in commits:
        first, *changes = decided.events
        if not isinstance(first, CommitApplied) or not (changes or first.facts.reverts):
            continue
        yield _title(decided.facts)
        yield from (f"    {narrate(change)}" for change in changes)


def _warnings(decided: Decided) -> list[str]:
    first = decided.events[0]
    if not isinstance(first, CommitApplied) or not first.warnings:
        return []
    shown = problem_lines(first.warnings[:MOST_WARNINGS])
    more = len(first.warnings) - MOST_WARNINGS
    return [f"  {line}" for line in shown] + ([f"  … and {more} more"] if more > 0 else [])


def _title(facts: CommitFacts) -> str:
    subject = facts.message.partition("\n")[0].strip()[:200]
    reverted = ", ".join(map(short, facts.reverts))
    return visible(
        f"  {short(facts.commit)} “{subject}” by {facts.author.name or 'nobody'}"
        + (f"; reverts {reverted}" if reverted else "")
    )


def _rejections(commits: Iterable[Decided]) -> Iterator[CommitRejected]:
    for decided in commits:
        if isinstance(decided.events[0], CommitRejected):
            yield decided.events[0]


def _bounded(lines: list[str], most: int, what: str) -> list[str]:
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"  … {more} {what}"]
