"""``gitmesh plan``: the events that a commit would add to the log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.specs.preview import Preview


@click.command(
    "plan",
    short_help="Show what a commit would change.",
    epilog=examples(
        "gitmesh plan                                # the work tree here, against HEAD",
        "gitmesh plan feature --repo shop.git        # a branch's tip, against its parent",
        "gitmesh plan . --log shop.git/gitmesh/events.sqlite3   # against what is served now",
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@repo_option
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Compare with the current mesh of this event log.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context, target: str, repo: Path | None, log: Path | None, as_json: bool
) -> None:
    """Show the events that a commit would add to the log. Nothing is written.

    A revision is compared with the mesh of its parent commit, a folder in a clone with the mesh at
    HEAD. With --log, both are compared with the mesh of that event log. Exits with 1 if the commit
    would be refused.
    """
    from gitmesh.json_shapes.changes import preview_shape
    from gitmesh.service.specs.preview import preview

    found = preview(target, repo, log)
    emit_json(preview_shape(found)) if as_json else _show(found)
    ctx.exit(exit_codes.REFUSED if found.rejected else exit_codes.OK)


def _show(found: "Preview") -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate, problem_lines
    from gitmesh.safe_text import visible

    label = visible(found.label)
    if (rejected := found.rejected) is not None:
        problems = count(len(rejected.problems) + rejected.omitted, "problem")
        click.secho(f"{label} would be refused: {problems}", fg="red", bold=True)
        click.echo("\n".join(problem_lines(rejected.problems)))
        return
    changes = found.events[1:]
    click.secho(f"{label} against {found.against}: {count(len(changes), 'change')}", bold=True)
    for event in changes:
        click.echo(f"  {narrate(event)}")
