"""Next step for a commit that gitmesh made: it is served, or another action is needed first."""

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
    """Relation of a repository to the server that may serve its commits."""

    SERVED = "served"
    """A server follows the repository."""
    STOPPED = "stopped"
    """A server followed the repository, but none is running now."""
    UNFOLLOWED = "unfollowed"
    """No server has ever followed the repository."""
    CLONE = "clone"
    """The repository is a clone; the served repository is elsewhere."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Next step for a commit on a branch of a repository."""

    reach: Reach
    pin: ServingPinned | None = None
    """The pin because of which the commit is not served yet."""
    push: str | None = None
    """In a clone, the command that pushes the commit."""


def next_step(repo: GitRepository, branch: str | None, log: Path) -> NextStep:
    """Return the next step for a commit on a branch; ``log`` is the log that a server would
    write."""
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
    """Return the command that pushes a branch to the clone's remote."""
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
