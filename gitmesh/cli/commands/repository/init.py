"""``gitmesh init``: a bare repository, ready to push to."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings

_SERVE: Final = """
Next, follow it:

  gitmesh serve {path}
"""
_EMPTY: Final = f"""{_SERVE}
and push a mesh to it:

  git clone {{path}} mesh && cd mesh
  # … write specs, or copy a mesh to start from …
  gitmesh validate .
  git add . && git commit -m "The first mesh" && git push origin HEAD:{{branch}}"""
_FILLED: Final = f"""{_SERVE}
and change it:

  git clone {{path}} mesh && cd mesh
  # … edit shop/cart/routes.yaml: move some weight …
  gitmesh validate .
  git commit -am "Shift" && git push"""


@click.command(
    "init",
    short_help="Create a bare repository, ready to push to.",
    epilog=examples(
        "gitmesh init shop.git",
        "gitmesh init --sample shop.git     # with a sample mesh",
        "gitmesh init --branch live /srv/mesh.git",
    ),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--branch", help="The branch to serve. Default: main.")
@click.option("--sample", is_flag=True, help="Commit a sample mesh, a small shop.")
@json_option
@click.pass_context
def command(
    ctx: click.Context, path: Path, branch: str | None, sample: bool, as_json: bool
) -> None:
    """Create a bare git repository at PATH, ready for pushes of a mesh.

    Its hooks check every push before it is accepted, and report the result to the pusher (see
    gitmesh hooks). If PATH is a repository already, the command changes nothing and exits with 2;
    run gitmesh hooks to install the hooks there.
    """
    from gitmesh.hooks.scripts import HookOptions, install
    from gitmesh.queries.log_location import git_dir, is_repository, log_path
    from mesh.errors import UsageError
    from reconciler.git.initialization import init_bare, ready_for_pushes

    settings: Settings = ctx.obj
    branch = branch or settings.branch or "main"
    created = not is_repository(path)
    if sample and not created:
        raise UsageError(
            f"{path} is a repository already; the sample mesh is the first commit of a new one",
            hint="name a new directory",
        )
    hooks, commit = {}, None
    if created:
        init_bare(path, branch)
        ready_for_pushes(path)
        hooks = install(git_dir(path), HookOptions(log=settings.log))
        commit = _commit_sample(path, branch) if sample else None
    if as_json:
        where = {"repository": str(git_dir(path)), "log": str(log_path(path, settings.log))}
        about = {"created": created, "branch": branch, "commit": commit}
        emit_json({**about, "hooks": hooks, **where})
        ctx.exit(exit_codes.OK if created else exit_codes.USAGE)
    quoted = shlex.quote(str(path))
    if not created:
        raise UsageError(
            f"{path} is a repository already; it was left as it is",
            hint=f"have pushes to it checked: gitmesh hooks {quoted}; "
            f"follow it: gitmesh serve {quoted}",
        )
    with_sample = f"; its first commit is the sample mesh: {commit[:7]}" if commit else ""
    click.echo(f"made {path}{with_sample}")
    click.echo((_FILLED if commit else _EMPTY).format(path=quoted, branch=branch))


def _commit_sample(path: Path, branch: str) -> str:
    from gitmesh.demo.sample import sample_repo
    from gitmesh.settings import operator
    from reconciler.git.initialization import commit_folder
    from reconciler.git.writing import Person

    return commit_folder(path, branch, sample_repo(), "The shop's mesh\n", Person(*operator()))
