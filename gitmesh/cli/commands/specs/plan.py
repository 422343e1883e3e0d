"""``gitmesh plan``: the events that a commit would add to the log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from events.state import MeshState
    from events.types import MeshEvent


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
    from events.encoding.codec import encode
    from events.types import CommitRejected
    from gitmesh.service.target import mesh_before, read_target
    from reconciler.plan import plan

    meant = read_target(target, repo)
    against, state = _logged(log) if log else mesh_before(meant)
    events = plan(state, meant.facts, meant.tree)
    refused = isinstance(events[0], CommitRejected)
    if as_json:
        encoded = [encode(event) for event in events]
        shown = [{"kind": e.kind, "subject": e.subject, "data": e.data} for e in encoded]
        emit_json({"accepted": not refused, "against": against, "events": shown})
    else:
        _show(meant.label, against, events)
    ctx.exit(exit_codes.REFUSED if refused else exit_codes.OK)


def _show(label: str, against: str, events: "list[MeshEvent]") -> None:
    from events.types import CommitRejected
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate, problem_lines
    from gitmesh.safe_text import visible

    first, *changes = events
    label = visible(label)
    if isinstance(first, CommitRejected):
        found = len(first.problems) + first.omitted
        click.secho(f"{label} would be refused: {count(found, 'problem')}", fg="red", bold=True)
        click.echo("\n".join(problem_lines(first.problems)))
        return
    click.secho(f"{label} against {against}: {count(len(changes), 'change')}", bold=True)
    for event in changes:
        click.echo(f"  {narrate(event)}")


def _logged(log: Path) -> "tuple[str, MeshState]":
    from events.opening import open_for_reading

    with open_for_reading(log) as opened:
        state = opened.state()
    return f"the log at {state.seq}", state
