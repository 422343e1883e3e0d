"""What the hooks run: ``python -P -m gitmesh.push pre-receive --git-dir .``.

It belongs to the hooks, which are written anew together with it, and is no command for people.
A fault of ours never keeps a push out: the server checks every commit again.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gitmesh.leaving import leave
from gitmesh.push.environment import HookEnvironment
from gitmesh.visible import visible_lines
from mesh.errors import GitmeshError

WAIT_S: Final = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a hook on what git writes to it; return its exit code."""
    gc.set_threshold(50_000, 20, 50)  # What is read lives as long as the process.
    given = _parser().parse_args(arguments)
    try:
        # The name of one ref may be no text to this process; that must not hide the others.
        told = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
        accepted, lines = _run(given, told.split("\n"))
    except GitmeshError as error:
        accepted, lines = True, _unchecked(given.hook, error.message)
    except Exception as error:
        accepted, lines = True, _unchecked(given.hook, f"{type(error).__name__}: {error}")
    for line in lines:
        print(line.encode("utf-8", "replace").decode(), file=sys.stderr)  # noqa: T201
    return 0 if accepted else 1


def _run(given: argparse.Namespace, lines: list[str]) -> tuple[bool, list[str]]:
    from gitmesh.places import git_dir, log_path
    from gitmesh.push.moves import read_moves
    from reconciler.repo import GitRepository

    environment = HookEnvironment.read()
    repo = GitRepository.open(
        git_dir(given.git_dir),  # a push to a linked work tree is one to its repository
        trust_owner=True,  # git has let the pusher in
        quarantine=environment.quarantine,
    )
    log, moves = log_path(given.git_dir, given.log), read_moves(lines)
    if given.hook == "pre-receive":
        from gitmesh.push.pre_receive import pre_receive

        return pre_receive(repo, moves, given.branch, log)
    from gitmesh.push.post_receive import post_receive

    return True, post_receive(
        repo, moves, environment.pusher, branch=given.branch, log=log, wait_s=given.wait
    )


def _unchecked(hook: str, why: str) -> list[str]:
    what = {
        "pre-receive": "this push could not be checked here; the server checks it again",
        "post-receive": "what became of this push is not known here: see gitmesh log",
    }[hook]
    return [f"gitmesh: {what}", f"  {visible_lines(why)}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gitmesh.push")
    parser.add_argument("hook", choices=["pre-receive", "post-receive"])
    parser.add_argument("--git-dir", type=Path, required=True)
    parser.add_argument("--branch")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--wait", type=float, default=WAIT_S)
    return parser


if __name__ == "__main__":
    code = main()
    leave(code)
    sys.exit(code)
