"""``gitmesh fmt``: format specs; comments are kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count

if TYPE_CHECKING:
    from gitmesh.service.specs.formatting import Formatting


@click.command(
    "fmt",
    short_help="Format specs; comments are kept.",
    epilog=examples(
        "gitmesh fmt                     # every spec below the current directory",
        "gitmesh fmt shop/cart/routes.yaml",
        "gitmesh fmt --check .           # change nothing; exit with 1 if a file is not formatted",
    ),
)
@click.argument("targets", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|DIR]...")
@click.option(
    "--check", is_flag=True, help="Change nothing; list the files that are not formatted."
)
@json_option
@click.pass_context
def command(ctx: click.Context, targets: tuple[Path, ...], check: bool, as_json: bool) -> None:
    """Format native specs: kind, names and spec first, then fields in a fixed order.

    The meaning of a spec never changes, and comments are kept. Short lists and objects in brackets
    stay in brackets. Files in other formats, such as Kubernetes manifests, are not changed. Exits
    with 1 if a file cannot be read, or, with --check, if a file is not formatted.
    """
    from gitmesh.json_shapes.specs import formatting_shape
    from gitmesh.service.specs.formatting import format_files

    found = format_files(targets or [Path()], check=check)
    emit_json(formatting_shape(found)) if as_json else _show(found)
    ctx.exit(exit_codes.OK if found.ok else exit_codes.REFUSED)


def _show(found: "Formatting") -> None:
    for problem in found.problems:
        click.echo(problem_text(problem))
    verb = "not formatted" if found.check else "formatted"
    for name in found.untidy:
        click.echo(f"{verb}: {name}")
    beside = f"; {count(len(found.skipped), 'file')} skipped" if found.skipped else ""
    summary = f"{len(found.untidy)} of {count(found.files, 'file')} {verb}{beside}"
    click.secho(summary, bold=True)
