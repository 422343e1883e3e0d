"""Options and arguments that several commands share, and access to the settings."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gitmesh.cli.help_text import EXAMPLES
from gitmesh.rendering.shell_quoting import noting

MOMENT = "MOMENT"
"""Metavariable for a moment of the mesh's history."""
MOMENT_HELP = (
    "A position in the mesh chain (12), a commit or a branch (a1b2c3d, main~2), or a time "
    '(2026-11-25T03:12Z, 03:12, "2 hours ago", yesterday; without an offset they are UTC).'
)

Command = TypeVar("Command", bound=Callable[..., Any])

REMOTE = "gitmesh.remote"
"""Key of the command's context under which the address of a remote repository is, if one was given
in place of a path."""


class RepositoryPath(click.Path):
    """A path; or the address of a remote repository, which stands for the path of its mirror."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; an address is remembered for the command."""
        if not isinstance(value, str) or not ("://" in value or "@" in value):
            return super().convert(value, param, ctx)
        from gitmesh.service.repository.mirroring import default_mirror
        from reconciler.remote.address import RemoteAddress, is_remote_address

        if not is_remote_address(value):
            return super().convert(value, param, ctx)
        address = RemoteAddress.parse(value)
        if ctx is not None:
            ctx.meta[REMOTE] = address
        return default_mirror(address)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

repo_option = click.option(
    "--repo",
    type=RepositoryPath(),
    callback=noting("--repo"),
    help="The git repository of the revision.",
)


def _repo_option(what: str) -> Callable[[Command], Command]:
    return click.option(
        "--repo",
        type=RepositoryPath(),
        callback=noting("--repo"),
        default=".",
        help=f"{what} Default: the one that the current directory is in.",
    )


def repo_here(what: str) -> Callable[[Command], Command]:
    """Return the option that names a repository; the current directory's by default."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def merged(*args: Any, repo: Path, **rest: Any) -> Any:
            return command(*args, repo=repository_here(repo), **rest)

        return _repo_option(what)(merged)  # type: ignore[return-value]

    return decorate


def repo_named(what: str) -> Callable[[Command], Command]:
    """Return the same option for a command that also takes the repository as an argument."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def merged(*args: Any, named: Path | None, repo: Path, **rest: Any) -> Any:
            return command(*args, repo=repository_here(one_repo(named, repo)), **rest)

        argument = click.argument(
            "named",
            required=False,
            type=RepositoryPath(),
            metavar="[REPO]",
            callback=noting("--repo"),
        )
        return argument(_repo_option(what)(merged))  # type: ignore[return-value]

    return decorate


def repository_here(repo: Path) -> Path:
    """Return the named repository, or else the one that contains the current directory."""
    if repo != Path():
        return repo
    import os

    from gitmesh.queries.log_location import is_repository, repository_around

    if is_repository(repo) or (found := repository_around(repo)) is None:
        return repo
    return Path(os.path.relpath(found))


def one_repo(named: Path | None, repo: Path) -> Path:
    """Return the repository that an argument or ``--repo`` names.

    :raises UsageError: they name different repositories.
    """
    if named is not None and repo not in (Path(), named):
        from mesh.errors import UsageError

        raise UsageError(
            f"two repositories are given: {named} and --repo {repo}", hint="give only one of them"
        )
    return repo if named is None else named


asked_repo_option = repo_here("The repository whose event log is read.")
served_repo_option = repo_here("The repository that the server follows.")
asked_repo = repo_named("The repository whose event log is read.")

log_option = click.option(
    "--log",
    "log",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=noting("--log"),
    help="The event log. Default: gitmesh/events.sqlite3 in the repository's git directory.",
)


key_option = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The public key for checkpoint signatures: the .pub file from gitmesh keygen.",
)


def examples(*lines: str) -> str:
    r"""Return an epilog with examples. ``\b`` keeps click from joining lines."""
    return f"\b\n{EXAMPLES}\n" + "\n".join(f"  {line}" for line in lines)
