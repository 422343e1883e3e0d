"""Rules of the repository's own git configuration, which git checks after the hooks.

Git would refuse such a push itself, and no hook would learn of it.
"""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_reason import RefusalReason
from reconciler.git.hooks_path import setting
from reconciler.git.initialization import OWN
from reconciler.history import Commits


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a push violates."""

    reason: RefusalReason
    setting: str
    """The setting of git that forbids it."""


def forbidden(repo: Commits, git_dir: Path, move: Move, current: Container[str]) -> Rule | None:
    """Return the rule that a move of the followed branch breaks, if it breaks one.

    :param current: the refs that HEAD names.
    """
    if move.before is None or not repo.has(move.before):
        return None
    if move.after is None:
        if setting(git_dir, "receive.denyDeletes") == "true":
            return Rule(RefusalReason.DELETION, "receive.denyDeletes")
        # Git refuses this unless it is told not to.
        allowed = setting(git_dir, "receive.denyDeleteCurrent") in ("false", "warn", "ignore")
        if move.ref in current and not allowed:
            return Rule(RefusalReason.DELETION, "receive.denyDeleteCurrent")
        return None
    if repo.descends(move.after, move.before):
        return None
    if setting(git_dir, "receive.denyNonFastForwards") == "true":
        return Rule(RefusalReason.FORCE_PUSH, "receive.denyNonFastForwards")
    return None


def is_own(ref: str) -> bool:
    """Tell whether a ref is one that only gitmesh moves."""
    return ref == OWN or ref.startswith(f"{OWN}/")
