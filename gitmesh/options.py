"""Options and arguments that several commands share, and how commands reach the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

MOMENT = "MOMENT"
"""How help calls a moment of the mesh's history."""
MOMENT_HELP = (
    "A position in the mesh chain (12), a commit or a branch (a1b2c3d, main~2), or a time "
    '(2026-11-25T03:12Z, "2 hours ago", yesterday).'
)

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

repo_argument = click.argument(
    "repo", default=".", type=click.Path(path_type=Path), metavar="[REPO]"
)

repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    help="The git repository that a revision is looked up in.",
)


def repo_here(what: str) -> Callable[[Command], Command]:
    """Return the option that names a repository; without it, the current directory is meant."""
    return click.option(
        "--repo",
        type=click.Path(path_type=Path),
        default=".",
        help=f"{what} Default: the current directory.",
    )


asked_repo_option = repo_here("The repository whose log is asked.")
served_repo_option = repo_here("The repository whose server is meant.")

log_option = click.option(
    "--log",
    "log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The event log. Default: gitmesh/events.sqlite3 in the repository's git directory.",
)


key_option = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The public key of who signs checkpoints: the .pub file that gitmesh keygen made.",
)


def examples(*lines: str) -> str:
    """Return an epilog that shows how a command is used. ``\\b`` keeps click from joining lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
