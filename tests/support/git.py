"""A git repository to push to, and a work tree to push from, with the real git."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2

Files = Mapping[str, str | bytes | None]
"""Contents by path; None removes the file."""

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.com",
    "GIT_COMMITTER_NAME": "Carol",
    "GIT_COMMITTER_EMAIL": "carol@example.com",
    # Fixed, so that the same steps give the same commit ids in every run.
    "GIT_AUTHOR_DATE": "2026-11-23T08:00:00+0100",
    "GIT_COMMITTER_DATE": "2026-11-23T07:00:00+0000",
}


def git(
    where: Path, *args: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> str:
    """Run git and return its output; raise with git's own message if it fails."""
    done = subprocess.run(
        ["git", *args],
        cwd=where,
        input=stdin,
        capture_output=True,
        env={**ENVIRONMENT, **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "replace").strip()


def put(
    origin: Path,
    files: Mapping[str, str | bytes],
    parents: Sequence[str] | None = None,
    *,
    branch: str = "main",
    message: str = "change",
    minute: int = 0,
) -> str:
    """Commit exactly these files to a bare repository, in a millisecond; return the commit's id.

    The branch moves to the commit. Without ``parents``, its parent is the branch's previous commit.
    """
    repo = pygit2.Repository(str(origin))
    index = pygit2.Index()
    for path, content in files.items():
        blob = repo.create_blob(content if isinstance(content, bytes) else content.encode())
        index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
    ref = f"refs/heads/{branch}"
    if parents is None:
        parents = [str(repo.references[ref].target)] if ref in repo.references else []
    who = pygit2.Signature("Alice", "alice@example.com", 1_790_000_000 + 60 * minute, 60)
    tree = index.write_tree(repo)
    commit = repo.create_commit(None, who, who, message, tree, list(parents))
    repo.references.create(ref, commit, force=True)
    return str(commit)


class Repo:
    """A bare repository ``origin`` with a clone ``work`` that commits and pushes to it."""

    def __init__(self, folder: Path, branch: str = "main") -> None:
        self.origin = folder / "origin.git"
        self.work = folder / "work"
        self.branch = branch
        git(folder, "init", "--quiet", "--bare", f"--initial-branch={branch}", str(self.origin))
        git(folder, "init", "--quiet", f"--initial-branch={branch}", str(self.work))
        self.git("remote", "add", "origin", str(self.origin))
        self._ticks = 0

    def git(
        self, *args: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> str:
        """Run git in the work tree."""
        return git(self.work, *args, stdin=stdin, environment=environment)

    def write(self, files: Files) -> None:
        """Write files into the work tree and stage them."""
        for path, content in files.items():
            target = self.work / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")

    def commit(self, files: Files | None = None, message: str = "change", **who: str) -> str:
        """Commit with these changes; return the commit's id. Each commit is a minute later."""
        if files:
            self.write(files)
        self._ticks += 1
        date = f"2026-11-23T{8 + self._ticks // 60:02}:{self._ticks % 60:02}:00+0000"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        options = ["--quiet", "--allow-empty", "-m", message]
        self.git("commit", *options, environment={**dates, **who})
        return self.head()

    def push(self, *, force: bool = False, ref: str = "HEAD") -> str:
        """Push to the followed branch; return its new commit."""
        options = ["--force"] if force else []
        self.git("push", "--quiet", *options, "origin", f"{ref}:refs/heads/{self.branch}")
        return self.git("rev-parse", ref)

    def commit_and_push(self, files: Files | None = None, message: str = "change") -> str:
        """Commit files and push the commit; return its id."""
        self.commit(files, message)
        return self.push()

    def revert(self, commit: str, *options: str) -> str:
        """Revert a commit as ``git revert`` does; return the new commit's id."""
        self._ticks += 1
        self.git("revert", "--no-edit", *options, commit)
        return self.head()

    def reset(self, commit: str) -> str:
        """Move the work tree and its branch to a commit."""
        self.git("reset", "--quiet", "--hard", commit)
        return self.head()

    def head(self) -> str:
        """Return the id of the work tree's commit."""
        return self.git("rev-parse", "HEAD")

    def tree_of(self, lines: list[tuple[str, str, str]]) -> str:
        """Write a tree object from these (mode, object, name); return its id."""
        types = {"40000": "tree", "040000": "tree", "160000": "commit"}
        text = b"".join(
            f"{mode} {types.get(mode, 'blob')} {oid}\t".encode() + os.fsencode(name) + b"\0"
            for mode, oid, name in lines
        )
        return self.git("mktree", "-z", "--missing", stdin=text)

    def blob(self, content: bytes) -> str:
        """Write a blob; return its id."""
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def commit_tree(self, tree: str, *parents: str, message: str = "made by hand") -> str:
        """Write a commit of any tree and move the branch to it, without a checkout."""
        options = [option for parent in parents for option in ("-p", parent)]
        commit = self.git("commit-tree", tree, *options, "-m", message)
        self.git("update-ref", f"refs/heads/{self.branch}", commit)
        return commit
