"""``gitmesh init``: a bare repository, ready to push to."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh import exit_codes
from gitmesh.options import examples, json_option
from gitmesh.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "init",
    short_help="Make a bare repository, ready to push to.",
    epilog=examples("gitmesh init shop.git", "gitmesh init --branch live /srv/mesh.git"),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--branch", help="The branch that will be served. Default: main.")
@json_option
@click.pass_context
def command(ctx: click.Context, path: Path, branch: str | None, as_json: bool) -> None:
    """Make a bare git repository at PATH for a mesh to be pushed to.

    Its hooks check every push before it is let in, and tell the pusher what became of it (see
    gitmesh hooks). A repository that is there already is left as it is, and the command exits with
    2; gitmesh hooks gives it the same.
    """
    from gitmesh.places import git_dir, is_repository, log_path
    from gitmesh.push.hooks import HookOptions, install
    from mesh.errors import UsageError
    from reconciler.founding import init_bare, ready_for_pushes

    settings: Settings = ctx.obj
    branch = branch or settings.branch or "main"
    created = not is_repository(path)
    hooks = {}
    if created:
        init_bare(path, branch)
        ready_for_pushes(path)
        hooks = install(git_dir(path), HookOptions(log=settings.log))
    if as_json:
        where = {"repository": str(git_dir(path)), "log": str(log_path(path, settings.log))}
        emit_json({"created": created, "branch": branch, "hooks": hooks, **where})
        ctx.exit(exit_codes.OK if created else exit_codes.USAGE)
    quoted = shlex.quote(str(path))
    if not created:
        raise UsageError(
            f"{path} is a repository already; it was left as it is",
            hint=f"have pushes to it checked: gitmesh hooks {quoted}; "
            f"follow it: gitmesh serve {quoted}",
        )
    click.echo(f"made {path}")
    click.echo(f"""
Next, follow it:

  gitmesh serve {quoted}

and push a mesh to it:

  git clone {quoted} mesh && cd mesh
  # … write specs, or copy a mesh to start from …
  gitmesh validate .
  git add . && git commit -m "The first mesh" && git push origin HEAD:{branch}""")
