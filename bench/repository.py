"""Git repositories for benchmarks, made by one fast import, and pushes that move their branch."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_WHO = "Bench <bench@example.com> 1790000000 +0000"


@dataclass(frozen=True, slots=True)
class Change:
    """Content of one commit."""

    message: str
    files: Mapping[str, str]
    """Texts by path."""


def build(path: Path, changes: Iterable[Change]) -> list[str]:
    """Make a bare repository whose branch ``main`` has these commits; return their ids, oldest
    first."""
    git(path.parent, "init", "-q", "--bare", "-b", "main", str(path))
    git(path, "fast-import", "--quiet", stdin="".join(_stream(changes)))
    return git(path, "rev-list", "--first-parent", "--reverse", "main").split()


def move(path: Path, commit: str) -> None:
    """Move the branch to a commit, as a push would."""
    git(path, "update-ref", "refs/heads/main", commit)


def git(cwd: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git with only the repository's own settings, and return its output."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env = {**ours, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=env,
        input=stdin,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout


def _stream(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield f"commit refs/heads/main\ncommitter {_WHO}\n{_data(change.message)}"
        for path, text in change.files.items():
            yield f"M 100644 inline {path}\n{_data(text)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
