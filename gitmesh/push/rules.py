"""Rules of the repository's own git configuration, which git checks after the hooks.

Git itself would refuse such a push after the hook, so gitmesh could not record the refusal.
"""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_reason import RefusalReason
from reconciler.git.initialization import OWN
from reconciler.git.settings import action, checked_out_at, is_changed, is_set
from reconciler.history import Commits

_BRANCHES: Final = "refs/heads/"
_ALLOWED: Final = ("ignore", "warn")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a push violates."""

    reason: RefusalReason
    setting: str
    """The git setting that forbids the push."""
    work_tree: Path | None = None
    """The work tree in which the branch is checked out, if that is the reason."""
    is_changed: bool = False
    """True if the work tree would follow the push, but has uncommitted changes."""


def forbidden(
    repo: Commits, git_dir: Path, move: Move, current: Container[str], *, bare: bool
) -> Rule | None:
    """Return the rule that a move of the followed branch breaks, if it breaks one.

    :param current: the refs to which HEAD points.
    :param bare: the repository has no work tree of its own.
    """
    # Most served repositories have no work tree at all: no process is started for them.
    may_be_checked_out = not bare or (git_dir / "worktrees").is_dir()
    work_tree = checked_out_at(git_dir, move.ref) if may_be_checked_out else None
    if work_tree is not None and (rule := _checked_out(git_dir, move, work_tree)) is not None:
        return rule
    if move.before is None or not repo.has(move.before) or not move.ref.startswith(_BRANCHES):
        return None
    if move.after is None:
        is_current = work_tree is not None or move.ref in current
        return _deletion(git_dir, is_current=is_current)
    if repo.descends(move.after, move.before):
        return None
    if is_set(git_dir, "receive.denyNonFastForwards"):
        return Rule(RefusalReason.FORCE_PUSH, "receive.denyNonFastForwards")
    return None


def _checked_out(git_dir: Path, move: Move, work_tree: Path) -> Rule | None:
    name = "receive.denyCurrentBranch"
    match action(git_dir, name):
        case "ignore" | "warn":
            return None
        case "updateinstead":
            by_hook = (git_dir / "hooks" / "push-to-checkout").exists()
            if move.after is None or by_hook or not is_changed(work_tree):
                return None
            return Rule(RefusalReason.CHECKED_OUT, name, work_tree, is_changed=True)
    return Rule(RefusalReason.CHECKED_OUT, name, work_tree)


def _deletion(git_dir: Path, *, is_current: bool) -> Rule | None:
    if is_set(git_dir, "receive.denyDeletes"):
        return Rule(RefusalReason.DELETION, "receive.denyDeletes")
    # Git refuses this unless it is told not to.
    if is_current and action(git_dir, "receive.denyDeleteCurrent") not in _ALLOWED:
        return Rule(RefusalReason.DELETION, "receive.denyDeleteCurrent")
    return None


def is_own(ref: str) -> bool:
    """Return whether a ref is one of gitmesh's own, which only gitmesh may change."""
    return ref == OWN or ref.startswith(f"{OWN}/")
