"""Next step for a commit that gitmesh made: it is served, or something must be done first."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from events.clock import utc_now
from events.opening import has_writer, open_for_reading
from events.types import ServingPinned
from gitmesh.queries.log_lookup import without_log
from gitmesh.queries.pins import is_over, pinned
from reconciler.git.repository import GitRepository


class Reach(StrEnum):
    """Server of the commits of a repository, if there is one."""

    SERVED = "served"
    """A server follows it."""
    STOPPED = "stopped"
    """A server followed it, and none runs now."""
    UNFOLLOWED = "unfollowed"
    """No server has ever followed it."""
    CLONE = "clone"
    """It is a clone: what is served is elsewhere."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Next step for a commit on a branch of a repository."""

    reach: Reach
    pin: ServingPinned | None = None
    """The pin behind which the commit waits."""
    push: str | None = None
    """The command that pushes it, in a clone."""


def next_step(repo: GitRepository, branch: str | None, log: Path) -> NextStep:
    """Return what becomes of a commit on a branch; ``log`` is where a server would write."""
    if log.is_file():
        runs = has_writer(log) is not False
        with open_for_reading(log) as opened:
            pin = pinned(opened)
        holds = pin is not None and (runs or not is_over(pin, utc_now()))
        return NextStep(Reach.SERVED if runs else Reach.STOPPED, pin if holds else None)
    if without_log(repo.path) is None:
        return NextStep(Reach.UNFOLLOWED)
    return NextStep(Reach.CLONE, push=push_command(repo, branch))


def push_command(repo: GitRepository, branch: str | None) -> str:
    """Return the command that pushes a branch to where the clone has it from."""
    ref = repo.following(branch)
    name = ref.removeprefix("refs/heads/")
    remotes, config = [str(each.name) for each in repo.handle.remotes], repo.handle.config
    remote = remotes[0] if remotes and "origin" not in remotes else "origin"
    if f"branch.{name}.remote" in config:
        remote = str(config[f"branch.{name}.remote"])
    upstream = ref
    if f"branch.{name}.merge" in config:
        upstream = str(config[f"branch.{name}.merge"])
    theirs = upstream.removeprefix("refs/heads/")
    if ref == "HEAD":
        theirs = "BRANCH"  # a detached HEAD is on none
    what = name if theirs == name else f"{name}:{theirs}"
    where = [] if repo.path == Path() else ["-C", str(repo.path)]
    return shlex.join(["git", *where, "push", remote, what])
