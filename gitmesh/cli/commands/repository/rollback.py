"""``gitmesh rollback``: a commit that restores the mesh of an earlier one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import MOMENT, examples, json_option, log_option, repo_here
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from events.types import CommitId
    from gitmesh.service.differences import Difference
    from gitmesh.service.rollback import Rollback
    from gitmesh.settings import Settings
    from mesh.keys import ResourceKey
    from mesh.problems.problem import Problem
    from reconciler.git.repository import GitRepository
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
    "only_",
    metavar="RESOURCE",
    multiple=True,
    help="Restore only this resource, named as in gitmesh state; may be repeated.",
)
@click.option("--reason", default="", help="The reason, for the commit message.")
@click.option(
    "--author",
    metavar="NAME <EMAIL>",
    help="The author of the commit. Default: the user who runs the command.",
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
    only_: tuple[str, ...],
    reason: str,
    author: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Create a commit that restores the mesh of an earlier moment, and move the branch to it.

    MOMENT is a position in the mesh chain, a commit, a branch, or a time. All specs and
    gitmesh.yaml are restored; other files stay as they are. With --only, the command restores
    single resources, in the files where they are now; comments and everything else in those files
    stay. A resource in a Kubernetes manifest is restored with the text of its whole document.

    The command commits to the repository itself, so you need no clone, and a running server follows
    at once. The branch moves only if the resulting mesh is valid. If somebody pushes at the same
    time, the branch does not move and the command exits with 3; run it again if you still want to.
    If a work tree has the branch checked out, the changed files are updated there, too; if those
    files have uncommitted changes, the command does nothing.
    """
    from gitmesh.queries.connected_proxies import connected_proxies
    from gitmesh.queries.log_location import git_dir, log_path
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.resource_name import resource_of
    from gitmesh.service.differences import difference
    from gitmesh.service.rollback import only, whole
    from mesh.problems.problem import errors
    from reconciler.git.repository import GitRepository

    settings: Settings = ctx.obj
    git_dir(repo)  # Of a wrong path that is told first.
    where = log_path(repo, log or settings.log)
    if log is not None:
        existing_log(repo, log)
    opened = GitRepository.open(repo)
    branch = branch or settings.branch or None
    tip, then = opened.tip(branch), _commit(to, opened, where)
    keys = [resource_of(name, lambda: _resources(opened, tip)) for name in only_]
    planned = only(opened, tip, then, keys) if keys else whole(opened, tip, then)
    if problems := errors(planned.after.problems):
        _refuse(planned.to, problems, as_json=as_json)
        ctx.exit(exit_codes.REFUSED)
    connected = connected_proxies(where) if where.is_file() else None
    found = difference(planned.before, planned.after.graph, connected)
    made = None
    if not (dry_run or planned.unchanged):
        made = _make(opened, opened.following(branch), planned, reason, _person(author))
    if as_json:
        emit_json(_json(planned, found, made))
    else:
        _show(planned, found, made)


def _resources(repo: "GitRepository", commit: "CommitId") -> "Iterable[ResourceKey]":
    from reconciler.reading.reader import TreeReader

    return TreeReader(repo).read(repo.tree_of(commit)).tree.graph.resources


def _commit(to: str, repo: "GitRepository", log: Path) -> "CommitId":
    """Return the commit whose mesh was served at a moment; without a log, a revision."""
    from events.sqlite.store import EventLog, utc_now
    from gitmesh.queries.commits import beginning
    from gitmesh.queries.timespec import moment_seq, parse_time
    from mesh.errors import UsageError

    digits = to.isascii() and to.isdigit()
    if not (digits or parse_time(to, utc_now())) or not log.is_file():
        return repo.resolve(to)
    opened = EventLog.read_only(log)
    try:
        commit = opened.state(moment_seq(opened, to, utc_now(), repo.resolve)).commit
        begins = beginning(opened)
    finally:
        opened.close()
    if commit is None:
        raise UsageError(f"no mesh was served at {to!r}", hint=begins)
    return commit


def _person(author: str | None) -> "tuple[Person, Person]":
    """Return author and committer of the commit."""
    import re

    from gitmesh.settings import operator
    from mesh.errors import UsageError
    from reconciler.git.writing import Person

    committer = Person(*operator())
    if author is None:
        return committer, committer
    found = re.fullmatch(r" *([^<>\x00-\x1f]+?) *<([^<>\s]*)> *", author)
    if found is None:
        raise UsageError(
            f"--author {author!r} has no name and address", hint='write "Ada <ada@shop.example>"'
        )
    return Person(found[1], found[2]), committer


def _make(
    repo: "GitRepository",
    ref: str,
    planned: "Rollback",
    reason: str,
    people: "tuple[Person, Person]",
) -> "CommitId":
    from gitmesh.service.rollback import message
    from gitmesh.service.work_trees import work_trees
    from reconciler.git.writing import move_branch, write_commit

    author, committer = people
    text = message(planned, repo, reason)
    made = write_commit(repo, planned.tree, planned.tip, text, author=author, committer=committer)
    trees = work_trees(repo.path, ref, bare=repo.handle.is_bare)
    for tree in trees:
        tree.require_room(planned.tip, made)
    move_branch(repo, ref, planned.tip, made, committer, "gitmesh rollback")
    for tree in trees:
        tree.follow(planned.tip, made)
    return made


def _refuse(to: str, problems: "Sequence[Problem]", *, as_json: bool) -> None:
    from gitmesh.cli.output import problem_text
    from gitmesh.rendering.amounts import count

    if as_json:
        emit_json({"to": to, "problems": [problem.as_json() for problem in problems]})
        return
    found = count(len(problems), "problem")
    click.echo(f"nothing was changed: the resulting mesh would have {found}", err=True)
    for problem in problems:
        click.echo(problem_text(problem), err=True)


def _json(planned: "Rollback", found: "Difference", made: "CommitId | None") -> dict[str, object]:
    from events.encoding.codec import encode

    changes = [encode(event) for event in found.changes]
    return {
        "commit": made,
        "to": planned.to,
        "before": planned.tip,
        "reverts": list(planned.undone),
        "only": [str(key) for key in planned.only],
        "changes": [{"kind": e.kind, "subject": e.subject, "data": e.data} for e in changes],
        "blastRadius": found.radius.as_json(),
    }


def _show(planned: "Rollback", found: "Difference", made: "CommitId | None") -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate, short
    from gitmesh.rendering.shell_quoting import pasted

    to, resources = short(planned.to), len(planned.only)
    if planned.unchanged:
        what = {0: "all is", 1: "that resource is"}.get(resources, "those resources are")
        click.echo(f"nothing to roll back: {what} as at {to} already")
        return
    verb = f"{short(made)} rolls" if made else "would roll"
    some = f"{count(resources, 'resource')} " if resources else ""
    changes = count(len(found.changes), "change")
    click.secho(f"{verb} {some}back to {to}: {changes}", bold=True)
    for event in found.changes:
        click.echo(f"  {narrate(event)}")
    if found.changes:
        click.echo(f"  {found.radius.sentence()}")
    if made:
        click.echo(pasted(f"wait for the proxies: gitmesh wait {short(made)}"))
