"""Hook scripts of a repository: their content, and recognition of gitmesh's own."""

import os
import shlex
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

from gitmesh.hooks import client
from gitmesh.hooks.exit_code import REFUSED
from mesh.errors import Fatal, UsageError
from reconciler.git.hooks_path import hooks_path

NAMES: Final = ("pre-receive", "post-receive")

_MARK: Final = "# A hook of gitmesh:"
_MOST_BYTES: Final = 64 * 1024
_TEXT: Final = """\
#!/bin/sh
# A hook of gitmesh: gitmesh init and gitmesh hooks write it, and write it anew. To be rid of it,
# remove the file.
python={python}
if [ ! -x "$python" ]; then
  echo "gitmesh: $python, which this hook runs, no longer exists" >&2
  echo "  {missing}" >&2
  echo "  hint: install gitmesh, then: gitmesh hooks <this repository>" >&2
  cat >/dev/null
  exit 0
fi
client={client}
if [ -f "$client" ]; then set -- -IS "$client"; else set -- -P -m gitmesh.push; fi
{run}
"""
_RUN: Final = '"$python" "$@" {name}{options} --git-dir "${{GIT_DIR:-.}}"'
_ANSWER: Final = f"exec {_RUN}"
"""Template of the post-receive hook. :func:`told` reads its last line."""
_CHECK: Final = f"""\
{_RUN}
code=$?
case $code in
  0) exit 0 ;;
  {REFUSED}) ;;
  *)
    echo "gitmesh refuses this push: the check ended without a verdict (exit code $code)" >&2
    echo "  hint: push again; if that does not help, show this to the operator, who can" >&2
    echo "        reinstall gitmesh, give it more memory, or remove hooks/pre-receive" >&2
    ;;
esac
exit 1"""
_RUNS: Final = {"pre-receive": _CHECK, "post-receive": _ANSWER}
_MISSING: Final = {
    "pre-receive": "this push is accepted unchecked; the server still refuses invalid commits",
    "post-receive": "the result of this push is not known here: see gitmesh log",
}


class Outcome(StrEnum):
    """Result of writing a hook."""

    WRITTEN = "written"
    KEPT = "kept"
    """A hook that gitmesh did not write exists, and is not replaced."""


@dataclass(frozen=True, slots=True)
class HookOptions:
    """Options in the hook scripts, about the server; None means the default."""

    branch: str | None = None
    log: Path | None = None
    wait_s: float | None = None

    def arguments(self) -> str:
        """Return the options as shell words."""
        given = (
            ("--branch", self.branch),
            ("--log", None if self.log is None else self.log.absolute()),
            ("--wait", self.wait_s),
        )
        return "".join(f" {name} {shlex.quote(str(v))}" for name, v in given if v is not None)


def hooks_folder(git_dir: Path) -> Path:
    """Return the folder from which git runs a repository's hooks.

    :raises UsageError: the folder is shared by all repositories of a user or a machine.
    """
    own = git_dir / "hooks"
    found = hooks_path(git_dir)
    if found is None:
        return own
    if found.own:
        return found.path
    raise UsageError(
        f"git runs the hooks in {found.path} for every repository here (core.hooksPath), "
        f"not those in {own}",
        hint=f"git --git-dir={shlex.quote(str(git_dir))} config core.hooksPath "
        f"{shlex.quote(str(own))}, then run this again",
    )


def install(git_dir: Path, options: HookOptions = HookOptions()) -> dict[str, Outcome]:
    """Write the hooks of a repository; hooks that gitmesh did not write stay as they are.

    :raises UsageError: git would not run hooks in that folder.
    :raises Fatal: the hooks cannot be written.
    """
    folder = hooks_folder(git_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {name: _install(folder / name, name, options) for name in NAMES}
    except OSError as error:
        raise Fatal(
            f"cannot write a hook into {folder}: {error.strerror}",
            hint="run gitmesh as the owner of the repository, and check the free space",
        ) from None


def told(git_dir: Path) -> HookOptions | None:
    """Return the server options in gitmesh's post-receive hook; ``None`` if there is no such hook.

    Unreadable and damaged hooks, and those of others, are ignored.
    """
    try:
        with (hooks_folder(git_dir) / "post-receive").open("rb") as file:
            text = file.read(_MOST_BYTES).decode()
        words = shlex.split(text.splitlines()[-1]) if _MARK in text and "\0" not in text else []
    except (OSError, ValueError, UsageError):
        return None
    if not words:
        return None
    given = {name: value for name, value in pairwise(words) if name in ("--branch", "--log")}
    log = given.get("--log")
    return HookOptions(given.get("--branch"), Path(log) if log else None)


def by_hand(name: str) -> str:
    """Return the command with which a hook of the user can run gitmesh's hook; it needs git's input
    on stdin."""
    return f"{shlex.quote(sys.executable)} -P -m gitmesh.push {name} --git-dir ."


def _install(path: Path, name: str, options: HookOptions) -> Outcome:
    if _is_foreign(path):
        return Outcome.KEPT
    text = _TEXT.format(
        python=shlex.quote(sys.executable),
        client=shlex.quote(client.__file__),
        run=_RUNS[name].format(name=name, options=options.arguments()),
        missing=_MISSING[name],
    )
    # Pushes run hooks at any time: never half a script.
    handle, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(draft, 0o755)  # noqa: S103 - whoever may push runs it
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise
    return Outcome.WRITTEN


def _is_foreign(path: Path) -> bool:
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        return True
    with path.open("rb") as file:
        return _MARK.encode() not in file.read(4096)
