"""Entry point of the git hooks: ``python -P -m gitmesh.push pre-receive --git-dir .``.

Only the installed hooks call it; users do not. A push is accepted only after a complete check. If
the check itself fails, the push is refused, too, because the pusher may have caused the failure
(docs/decisions/0046).
"""

import _signal  # type: ignore[import-not-found]

if __name__ == "__main__":
    # Ctrl-C ends a hook without a traceback: whoever pushed has stopped the push.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import gc
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from events.memory import HINT as MEMORY_HINT
from events.memory import NO_MEMORY
from gitmesh.hooks.exit_code import REFUSED
from gitmesh.process_exit import leave
from gitmesh.push.environment import HookEnvironment
from gitmesh.safe_text import visible_lines
from mesh.errors import GitmeshError

if TYPE_CHECKING:
    from gitmesh.push.read_specs import ReadSpecs

WAIT_S: Final = 5.0


def main(arguments: Sequence[str] | None = None, known: "ReadSpecs | None" = None) -> int:
    """Run a hook on git's input; return its exit code.

    :param known: specs from which the pushed ones are read by their differences.
    """
    gc.set_threshold(50_000, 20, 50)  # What is read lives as long as the process.
    # Out of memory, Python prints errors of destructors. They are no answer to a push.
    sys.unraisablehook = lambda _: None
    given = _parser().parse_args(arguments)
    try:
        accepted, lines = _run(given, known)
    except GitmeshError as error:
        accepted, lines = False, _undecided(given.hook, str(error))
    except MemoryError:
        accepted, lines = False, _undecided(given.hook, f"{NO_MEMORY}\n  hint: {MEMORY_HINT}")
    except Exception as error:
        accepted, lines = False, _undecided(given.hook, f"{type(error).__name__}: {error}")
    for line in lines:
        print(line.encode("utf-8", "replace").decode(), file=sys.stderr)  # noqa: T201
    return 0 if accepted or given.hook == "post-receive" else REFUSED


def _run(given: argparse.Namespace, known: "ReadSpecs | None") -> tuple[bool, list[str]]:
    from gitmesh.inbox.ref_update import read_moves
    from gitmesh.queries.log_location import git_dir, log_path
    from reconciler.git.repository import GitRepository

    environment = HookEnvironment.read()
    where = git_dir(given.git_dir)  # a push to a linked work tree is one to its repository
    repo = GitRepository.open(
        where,
        trust_owner=True,  # git has let the pusher in
        quarantine=environment.quarantine,
    )
    log, moves = log_path(given.git_dir, given.log), read_moves(_told())
    if given.hook == "pre-receive":
        from gitmesh.push.pre_receive import pre_receive
        from reconciler.reading.tree import EMPTY

        return pre_receive(
            repo,
            moves,
            environment.pusher,
            git_dir=where,
            branch=given.branch,
            log=log,
            known=EMPTY if known is None else known.tree,
        )
    from gitmesh.push.post_receive import post_receive

    return True, post_receive(
        repo, moves, environment.pusher, branch=given.branch, log=log, wait_s=given.wait
    )


def _told() -> Iterator[str]:
    """Yield the lines that git writes.

    A ref name that this process cannot decode must not hide the other lines.
    """
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "surrogateescape")


def _undecided(hook: str, why: str) -> list[str]:
    reason = visible_lines(why).replace("\n", "\n  ")
    if hook == "post-receive":
        what = "the result of this push is not known here: see gitmesh log"
        return [f"gitmesh: {what}", f"  {reason}"]
    return [
        "gitmesh refuses this push: it could not be checked",
        f"  {reason}",
        "nothing was changed; if the commits are right, show this to the operator",
    ]


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
