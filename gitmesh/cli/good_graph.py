"""The mesh for commands about one proxy: from a folder, a revision or a log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.output import refuse

if TYPE_CHECKING:
    from mesh.linking import MeshGraph


def good_graph(ctx: click.Context, target: str, repo: Path | None, log: Path | None) -> "MeshGraph":
    """Return the mesh of ``log`` if there is one, else of ``target`` (see
    :mod:`gitmesh.service.target`).

    If the specs are invalid, the problems are shown and the command ends.

    :raises UsageError: the target does not exist.
    """
    return _logged(log) if log else _read(ctx, target, repo)


def _read(ctx: click.Context, target: str, repo: Path | None) -> "MeshGraph":
    from gitmesh.service.target import read_target
    from mesh.problems.problem import errors

    tree = read_target(target, repo).tree
    if problems := errors(tree.problems):
        refuse(problems, as_json=bool(ctx.params.get("as_json")))
        ctx.exit(exit_codes.REFUSED)
    return tree.graph


def _logged(log: Path) -> "MeshGraph":
    from events.opening import open_for_reading
    from gitmesh.queries.logged_mesh import logged_mesh

    with open_for_reading(log) as opened:
        return logged_mesh(opened.state())
