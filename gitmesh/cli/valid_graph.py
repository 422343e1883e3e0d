"""The valid mesh that commands about one proxy need: from a folder, a revision or a log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.output import refuse

if TYPE_CHECKING:
    from mesh.graph.mesh_graph import MeshGraph


def valid_graph(
    ctx: click.Context, target: str, repo: Path | None, log: Path | None
) -> "MeshGraph":
    """Return the mesh in ``log`` if a log is given, else that of ``target`` (see
    :mod:`gitmesh.service.specs.target`).

    If the specs are invalid, the problems are shown and the command ends.

    :raises UsageError: the target does not exist.
    """
    from gitmesh.service.specs.loaded_mesh import load_mesh

    found = load_mesh(target, repo, log)
    if found.errors:
        refuse(found.errors, as_json=bool(ctx.params.get("as_json")))
        ctx.exit(exit_codes.REFUSED)
    return found.graph
