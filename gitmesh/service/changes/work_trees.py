"""Update of the work trees that have a branch checked out when gitmesh moves it.

The git command is used, so files are written as ``git checkout`` writes them. Uncommitted changes
are never overwritten.
"""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from events.types import CommitId
from gitmesh.settings import child_environment
from mesh.errors import Fatal, UsageError


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A work tree with the branch checked out."""

    path: Path

    def require_room(self, before: CommitId, after: CommitId) -> None:
        """Check that no uncommitted change prevents the update.

        :raises UsageError: one does.
        """
        self._git("update-index", "-q", "--ignore-submodules", "--refresh")
        if why := self._step(before, after, "--dry-run"):
            raise UsageError(
                f"the branch is checked out in {self.path}, where uncommitted changes prevent "
                f"the update: {why}",
                hint=f"commit them, or git -C {shlex.quote(str(self.path))} stash "
                "--include-untracked, then retry",
            )

    def follow(self, before: CommitId, after: CommitId) -> None:
        """Update the differing files, and the index, from one commit to the next.

        :raises Fatal: the update fails; the branch has moved already.
        """
        if why := self._step(before, after):
            raise Fatal(
                f"the branch is at {after[:7]}, but {self.path} did not follow: {why}",
                hint=f"git -C {shlex.quote(str(self.path))} read-tree -m -u {before[:12]} "
                f"{after[:12]}",
            )

    def _step(self, before: CommitId, after: CommitId, *options: str) -> str:
        """Return the reason why the update is impossible; empty if it is possible."""
        done = self._git("read-tree", "-m", "-u", *options, before, after)
        if done.returncode == 0:
            return ""
        return " ".join(done.stderr.split()).removeprefix("error: ") or "git refuses it"

    def _git(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return _git(self.path, *arguments)


def work_trees(repo: Path, common: Path, ref: str, *, bare: bool) -> list[WorkTree]:
    """Return the work trees that have a branch checked out.

    If a detached HEAD is followed, its work tree is the repository's own.

    :param common: the directory of the refs.
    :raises UsageError: git cannot list the work trees.
    """
    if bare and not (common / "worktrees").is_dir():
        return []  # as git would say, but each commit would wait for its answer
    try:
        done = _git(repo, "worktree", "list", "--porcelain")
    except OSError:
        done = None
    if done is None or done.returncode != 0:
        if bare:
            return []
        why = "git cannot be run" if done is None else " ".join(done.stderr.split())
        raise UsageError(
            f"whether {ref} is checked out in a work tree cannot be told: {why}",
            hint="check that git works there: git worktree list",
        )
    if ref == "HEAD":
        return [] if bare else [WorkTree(repo)]
    found = []
    for entry in done.stdout.split("\n\n"):
        lines = entry.splitlines()
        if f"branch {ref}" in lines and not any(line.startswith("prunable") for line in lines):
            found.append(WorkTree(Path(lines[0].removeprefix("worktree "))))
    return found


def _git(where: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", "-C", str(where), *arguments],
        env=child_environment(LC_ALL="C"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
