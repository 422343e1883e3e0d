"""``gitmesh change``: preview, commit or discard staged calls."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, log_option, repo_here
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmesh.service.changes.change_set import ChangeSet
    from gitmesh.service.changes.change_set_request import PlannedChange
    from gitmesh.settings import Settings


@click.command(
    "change",
    short_help="Preview, commit or discard staged calls of the App Mesh API.",
    epilog=examples(
        "gitmesh change list --repo shop.git",
        "gitmesh change show move-cart --repo shop.git",
        "gitmesh change commit move-cart --repo shop.git",
        "gitmesh change discard move-cart --repo shop.git",
    ),
)
@click.argument("action", type=click.Choice(["list", "show", "commit", "discard"]))
@click.argument("name", required=False)
@repo_here("The repository to commit to.")
@click.option("--branch", help="The branch. Default: the one that HEAD names.")
@log_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    action: str,
    name: str | None,
    repo: Path,
    branch: str | None,
    log: Path | None,
    as_json: bool,
) -> None:
    """Preview, commit or discard calls of the App Mesh API that were staged under one name.

    The server stages a call that writes if it has the header x-gitmesh-change: NAME. Nothing is
    changed until the staged calls are committed: as one commit, or not at all. "list" shows the
    names; "show" shows the changes that the commit would make, and its problems (exit code 1);
    "commit" makes the commit; "discard" deletes the staged calls.

    The author of the commit is the caller who began the change. If somebody pushes at the same
    time, the calls are applied to the new tip, if they still apply to it.
    """
    from gitmesh.json_shapes.changes import change_list_shape, planned_change_shape
    from gitmesh.queries.log_location import git_dir, log_path
    from gitmesh.service.changes.change_set_files import ChangeSetFiles
    from gitmesh.service.changes.change_set_request import commit_change, preview_change
    from gitmesh.settings import operator
    from reconciler.git.writing import Person

    settings: Settings = ctx.obj
    git_dir(repo)  # Of a wrong path that is told first.
    where = log_path(repo, log or settings.log)
    branch, files = branch or settings.branch or None, ChangeSetFiles(where)
    if action == "list":
        sets = [files.read(each) for each in files.names()]
        emit_json(change_list_shape(sets)) if as_json else _show_list(sets)
        return
    if name is None:
        raise click.UsageError(f"gitmesh change {action} needs the name of a change")
    if action == "discard":
        sets = [files.discard(name)]
        emit_json(change_list_shape(sets)) if as_json else click.echo(f"discarded {name}")
        return
    if action == "show":
        found = preview_change(repo, branch, where, name)
    else:
        found = commit_change(repo, branch, where, name, Person(*operator(repo)))
    emit_json(planned_change_shape(found)) if as_json else _show(found, committing=action != "show")
    ctx.exit(exit_codes.REFUSED if found.planned.errors else exit_codes.OK)


def _show_list(sets: "Sequence[ChangeSet]") -> None:
    from gitmesh.rendering.amounts import count

    for each in sets:
        click.echo(f"{each.name}  {count(len(each.calls), 'call')}, {each.author.name}")
    if not sets:
        click.echo("no calls are staged")


def _show(found: "PlannedChange", *, committing: bool) -> None:
    from gitmesh.cli.output import problem_text
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate, short

    name, problems = found.change.name, found.planned.errors
    if problems:
        told = count(len(problems), "problem")
        click.echo(f"nothing was changed: with {name}, the mesh would have {told}", err=True)
        for problem in problems:
            click.echo(problem_text(problem), err=True)
        return
    changes = count(len(found.difference.changes), "change")
    if found.planned.unchanged:
        click.echo(f"{name} changes nothing")
        return
    verb = f"{short(found.commit)} commits" if found.commit and committing else "would commit"
    click.secho(f"{verb} {name}: {changes}", bold=True)
    for event in found.difference.changes:
        click.echo(f"  {narrate(event)}")
    if found.difference.changes:
        click.echo(f"  {found.difference.radius.sentence()}")
