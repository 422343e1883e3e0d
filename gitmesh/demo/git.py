"""A clone in which the demo edits, commits and pushes files."""

import asyncio
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from events.types import CommitId
from gitmesh.settings import child_environment
from mesh.errors import Fatal, UsageError

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada Demo",
    "GIT_AUTHOR_EMAIL": "ada@shop.example",
    "GIT_COMMITTER_NAME": "Ada Demo",
    "GIT_COMMITTER_EMAIL": "ada@shop.example",
}
ISOLATED = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
"""Keeps the user's git settings (signing, hooks, templates) from changing the demo."""


@dataclass(frozen=True, slots=True)
class Push:
    """A pushed commit, with the duration of ``git push``."""

    commit: CommitId
    push_s: float


class Clone:
    """A clone of the bare repository that the server follows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    async def of(cls, bare: Path, path: Path, branch: str) -> "Clone":
        """Clone a repository, possibly empty, and check out that branch."""
        clone = cls(path)
        await clone._git("clone", "--quiet", str(bare), str(path), cwd=path.parent)
        await clone._git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        return clone

    def copy_in(self, source: Path) -> None:
        """Copy a folder's files into the clone."""
        shutil.copytree(source, self.path, dirs_exist_ok=True)

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace one text in a file with another.

        :raises UsageError: the file does not contain the text exactly once.
        """
        text = (self.path / file).read_text()
        if text.count(old) != 1:
            raise UsageError(f"{file} does not hold {old!r} exactly once", hint="was it edited?")
        (self.path / file).write_text(text.replace(old, new))

    async def commit(self, message: str) -> CommitId:
        """Commit the work tree."""
        await self._git("add", "--all")
        await self._git("commit", "--quiet", "--message", message)
        return await self.head()

    async def revert(self, commit: CommitId) -> CommitId:
        """Commit the revert of a commit, with git's own message."""
        await self._git("revert", "--no-edit", commit)
        return await self.head()

    async def push(self) -> Push:
        """Push the branch."""
        started = time.perf_counter()
        await self._git("push", "--quiet", "origin", "HEAD")
        return Push(await self.head(), time.perf_counter() - started)

    async def head(self) -> CommitId:
        """Return the clone's current commit."""
        return CommitId((await self._git("rev-parse", "HEAD")).strip())

    def make_ready_for_a_person(self, branch: str) -> None:
        """Configure the clone so that plain ``git push`` and ``git commit`` work, even without a
        user name."""
        self._config(f"branch.{branch}.remote", "origin")
        self._config(f"branch.{branch}.merge", f"refs/heads/{branch}")
        for name in ("name", "email"):
            if not self._said("config", "--get", f"user.{name}"):
                self._config(f"user.{name}", IDENTITY[f"GIT_AUTHOR_{name.upper()}"])

    def state(self) -> str:
        """Return a value that changes with every commit, stash and edit of a user in the clone."""
        return "".join(
            self._said(*command)
            for command in (
                ("rev-parse", "HEAD"),
                ("for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
                ("status", "--porcelain"),
                ("ls-remote", "origin"),
            )
        )

    def _config(self, name: str, value: str) -> None:
        self._said("config", name, value)

    def _said(self, *arguments: str) -> str:
        """Run git with the user's own settings; return its output, empty if it fails."""
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(
            command, env=child_environment(), capture_output=True, text=True, check=False
        )
        return done.stdout

    async def diff(self) -> str:
        """Return uncommitted changes as ``git diff`` shows them, without its header."""
        lines = (await self._git("diff", "--unified=0")).splitlines()
        return "\n".join(x for x in lines if x[:1] in "+-" and x[:3] not in ("+++", "---"))

    async def _git(self, *arguments: str, cwd: Path | None = None) -> str:
        environment = child_environment(**IDENTITY, **ISOLATED)
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=cwd or self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise Fatal(f"git {arguments[0]} failed", hint=errors.decode(errors="replace").strip())
        return output.decode()
