"""``gitmesh init``: a bare repository, ready to push to."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json
from mesh.errors import UsageError

if TYPE_CHECKING:
    from gitmesh.service.repository.creation import Creation, FirstCommit
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
    from gitmesh.json_shapes.repository import creation_shape
    from gitmesh.queries.log_location import is_repository
    from gitmesh.service.repository.creation import create_repository

    settings: Settings = ctx.obj
    if sample and is_repository(path):
        raise UsageError(
            f"{path} is a repository already; the sample mesh is the first commit of a new one",
            hint="choose another directory",
        )
    first = _sample_mesh() if sample else None
    made = create_repository(path, branch or settings.branch or "main", settings.log, first)
    emit_json(creation_shape(made)) if as_json else _show(made, path)
    ctx.exit(exit_codes.OK if made.created else exit_codes.USAGE)


def _show(made: "Creation", path: Path) -> None:
    quoted = shlex.quote(str(path))
    if not made.created:
        raise UsageError(
            f"{path} is a repository already; it was left as it is",
            hint=f"have pushes to it checked: gitmesh hooks {quoted}; "
            f"follow it: gitmesh serve {quoted}",
        )
    with_sample = f"; its first commit is the sample mesh: {made.commit[:7]}" if made.commit else ""
    click.echo(f"made {path}{with_sample}")
    click.echo((_FILLED if made.commit else _EMPTY).format(path=quoted, branch=made.branch))


def _sample_mesh() -> "FirstCommit":
    from gitmesh.demo.sample import sample_repo
    from gitmesh.service.repository.creation import FirstCommit
    from gitmesh.settings import operator
    from reconciler.git.writing import Person

    return FirstCommit(sample_repo(), "The shop's mesh\n", Person(*operator()))
