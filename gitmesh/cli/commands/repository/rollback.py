"""``gitmesh rollback``: a commit that restores an earlier mesh."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.head_note import note_head
from gitmesh.cli.options import MOMENT, examples, json_option, log_option, repo_here
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from events.types import CommitId
    from gitmesh.service.changes.difference import Difference
    from gitmesh.service.changes.next_step import NextStep
    from gitmesh.service.changes.planned_commit import Authorship
    from gitmesh.service.changes.rollback import Rollback
    from gitmesh.service.changes.rollback_request import RollbackResult
    from gitmesh.settings import Settings
    from mesh.problems.problem import Problem
    from reconciler.git.writing import Person


@click.command(
    "rollback",
    short_help="Create a commit that restores an earlier mesh.",
    epilog=examples(
        "gitmesh rollback a1b2c3d --repo shop.git --reason INC-7",
        'gitmesh rollback "2 hours ago" --repo shop.git --dry-run',
        "gitmesh rollback main~3 --repo shop.git \\",
        "    --only mesh/shop/virtualRouter/cart/route/all     # this route alone",
    ),
)
@click.argument("to", metavar=MOMENT)
@repo_here("The repository to commit to.")
@click.option("--branch", help="The branch. Default: the one that HEAD names.")
@log_option
@click.option(
    "--only",
    "only",
    metavar="RESOURCE",
    multiple=True,
    help="Restore only this resource, named as in gitmesh state; may be repeated.",
)
@click.option("--reason", default="", help="The reason, for the commit message.")
@click.option(
    "--author",
    metavar="NAME <EMAIL>",
    help="The author of the commit. Default: user.name and user.email of git, or the user who "
    "runs the command.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    to: str,
    repo: Path,
    branch: str | None,
    log: Path | None,
    only: tuple[str, ...],
    reason: str,
    author: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Create a commit that restores the mesh of an earlier moment, and move the branch to it.

    MOMENT is a position in the mesh chain, a commit, a branch, or a time. All specs and
    gitmesh.yaml are restored; other files stay as they are. With --only, the command restores
    single resources, in the files where they are now; the rest of those files stays as it is,
    including comments. A resource in a Kubernetes manifest is restored with the text of its whole
    document.

    The command commits to the repository itself, so you need no clone, and a running server follows
    at once. The branch moves only if the resulting mesh is valid. If somebody pushes at the same
    time, the branch does not move and the command exits with 3; run it again if you still want to.
    If a work tree has the branch checked out, the changed files are updated there, too; if those
    files have uncommitted changes, the command does nothing.
    """
    from gitmesh.json_shapes.changes import rollback_shape
    from gitmesh.queries.log_location import git_dir, log_path
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.changes.rollback_request import RollbackRequest, roll_back

    settings: Settings = ctx.obj
    git_dir(repo)  # Of a wrong path that is told first.
    where = log_path(repo, log or settings.log) if log is None else existing_log(repo, log)
    branch = branch or settings.branch or None
    note_head(repo, to, as_json=as_json)
    request = RollbackRequest(to, _authorship(repo, author), branch, only, reason, dry_run)
    result = roll_back(repo, where, request)
    emit_json(rollback_shape(result)) if as_json else _show(result)
    ctx.exit(exit_codes.OK if result.difference else exit_codes.REFUSED)


def _authorship(repo: Path, author: str | None) -> "Authorship":
    """Return the author of the commit, and the user who commits."""
    from gitmesh.service.changes.planned_commit import Authorship
    from gitmesh.settings import operator
    from reconciler.git.writing import Person

    committer = Person(*operator(repo))
    return Authorship(committer if author is None else _person(author), committer)


def _person(text: str) -> "Person":
    import re

    from mesh.errors import UsageError
    from reconciler.git.writing import Person

    found = re.fullmatch(r" *([^<>\x00-\x1f]+?) *<([^<>\s]*)> *", text)
    if found is None:
        raise UsageError(
            f"--author {text!r} has no name and address", hint='write "Ada <ada@shop.example>"'
        )
    return Person(found[1], found[2])


def _show(result: "RollbackResult") -> None:
    from gitmesh.rendering.narration import short

    rollback = result.rollback
    if result.difference is None:
        _show_errors(rollback.planned.errors)
    elif rollback.planned.unchanged:
        what = {0: "all is", 1: "that resource is"}.get(len(rollback.only), "those resources are")
        click.echo(f"nothing to roll back: {what} as at {short(rollback.to)} already")
    else:
        _show_changes(rollback, result.difference, result.commit)
        if result.next_step is not None:
            _show_next(result.next_step, result.commit)


def _show_errors(problems: "Sequence[Problem]") -> None:
    from gitmesh.cli.output import problem_text
    from gitmesh.rendering.amounts import count

    found = count(len(problems), "problem")
    click.echo(f"nothing was changed: the resulting mesh would have {found}", err=True)
    for problem in problems:
        click.echo(problem_text(problem), err=True)


def _show_changes(rollback: "Rollback", found: "Difference", made: "CommitId | None") -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate, short

    verb = f"{short(made)} rolls" if made else "would roll"
    some = f"{count(len(rollback.only), 'resource')} " if rollback.only else ""
    changes = count(len(found.changes), "change")
    click.secho(f"{verb} {some}back to {short(rollback.to)}: {changes}", bold=True)
    for event in found.changes:
        click.echo(f"  {narrate(event)}")
    if found.changes:
        click.echo(f"  {found.radius.sentence()}")


def _show_next(step: "NextStep", made: "CommitId | None") -> None:
    from gitmesh.rendering.narration import served_after_pin_words, short
    from gitmesh.rendering.shell_quoting import pasted
    from gitmesh.service.changes.next_step import Reach

    if step.pin is not None:
        click.secho(served_after_pin_words(step.pin), fg="red", bold=True)
        click.echo(pasted("  hint: end the pin, and serve the branch: gitmesh unpin"))
    if made is None:
        return
    match step.reach:
        case Reach.CLONE:
            click.echo(f"this is a clone, and the commit is not pushed yet: {step.push}")
        case Reach.UNFOLLOWED:
            click.echo(pasted("no server has followed this repository yet: gitmesh serve"))
        case Reach.STOPPED:
            click.echo(
                pasted("no server is running; it takes effect when one starts: gitmesh serve")
            )
        case Reach.SERVED if step.pin is None:
            click.echo(pasted(f"wait for the proxies: gitmesh wait {short(made)}"))
