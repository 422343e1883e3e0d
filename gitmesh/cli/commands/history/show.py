"""``gitmesh show``: all that the log contains about one commit."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.head_note import note_head
from gitmesh.cli.options import MOMENT, asked_repo_option, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from events.types import CommitFacts, Record
    from gitmesh.queries.commits import LoggedCommit
    from gitmesh.queries.requested_commit import RefusedPush
    from gitmesh.settings import Settings

SHOWN_CHARS = 60
"""Maximum characters of a value in text output; --json has the whole value."""


@click.command(
    "show",
    short_help="Show everything about one commit.",
    epilog=examples(
        "gitmesh show --repo shop.git a1b2c3d",
        "gitmesh show --repo shop.git 42                  # the commit that event 42 belongs to",
        "gitmesh show --repo shop.git main --json | jq .effect",
    ),
)
@click.argument("moment", default="HEAD", metavar=f"[{MOMENT}]")
@asked_repo_option
@log_option
@json_option
@click.pass_context
def command(ctx: click.Context, moment: str, repo: Path, log: Path | None, as_json: bool) -> None:
    """Show a commit: author, time, reason, changes, and its effect on proxies.

    MOMENT is a commit, a branch, a position in the mesh chain, or a time: then the commit that was
    live at that time is shown. Default: the HEAD of the repository. For a commit whose push was
    refused, the pusher and the reason are shown (exit code 1).
    """
    from events.opening import open_for_reading
    from gitmesh.json_shapes.history import commit_shape, refused_push_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.requested_commit import RefusedPush
    from gitmesh.service.history.shown_commit import shown_commit

    settings: Settings = ctx.obj
    note_head(repo, moment, as_json=as_json)
    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        found = shown_commit(opened, repo, moment)
    if isinstance(found, RefusedPush):
        emit_json(refused_push_shape(found)) if as_json else _show_refused(found)
        ctx.exit(exit_codes.REFUSED)
    emit_json(commit_shape(found)) if as_json else _show(found)


def _show_refused(found: "RefusedPush") -> None:
    from gitmesh.rendering.commit_status_text import refused_push_text
    from gitmesh.safe_text import visible_lines

    click.secho(f"commit {found.commit}", fg="yellow")
    head, *more = refused_push_text(found).split("\n")
    click.secho(visible_lines("\n  ".join([head, *more])), fg="red")


def _show(found: "LoggedCommit") -> None:
    from events.encoding.codec import decode
    from gitmesh.rendering.narration import narrate, never_served_words
    from gitmesh.safe_text import visible

    facts = found.facts
    click.secho(f"commit {visible(facts.commit)}", fg="yellow")
    for name, value in _heading(facts, found.at):
        click.echo(f"{name + ':':<11} {visible(value)}")
    click.echo()
    for line in facts.message.rstrip("\n").split("\n"):
        click.echo(f"    {visible(line)}")
    click.echo()
    about, *changes = found.records
    head, *more = narrate(decode(about)).split("\n")
    click.secho(head, bold=True, fg="red" if found.rejected else None)
    for line in narrate(found.rewritten).split("\n") if found.rewritten else ():
        click.echo(f"  {line}")
    for line in [*more, *(line for record in changes for line in _change(record))]:
        click.echo(f"  {line}")
    click.echo()
    if found.instead is not None:
        click.echo(f"{never_served_words(found.instead)}.")
    elif not found.delivery:
        click.echo("It was not offered to any proxy.")
    for record in found.delivery:
        click.echo(f"{record.at[11:23]}  {narrate(decode(record))}")


def _heading(facts: "CommitFacts", at: str) -> list[tuple[str, str]]:
    author, committer = facts.author, facts.committer
    rows = [("Author", f"{author.name} <{author.email}>"), ("Written", author.at)]
    if committer.name != author.name:
        rows.append(("Committer", f"{committer.name} <{committer.email}>"))
    rows += [("Recorded", at), ("Parents", ", ".join(p[:12] for p in facts.parents) or "none")]
    rows += [(name, value) for name, value in facts.trailers]
    rows += [("Reverts", commit) for commit in facts.reverts]
    return rows


def _change(record: "Record") -> list[str]:
    """Return a line about a change, and one line for each field whose value it changed."""
    from events.encoding.codec import decode
    from events.types import ResourceChanged
    from gitmesh.rendering.narration import narrate, resource_name
    from gitmesh.safe_text import visible

    event = decode(record)
    if not isinstance(event, ResourceChanged):
        return [narrate(event)]
    return [
        visible(f"{resource_name(event.key)}: changed in {event.path}"),
        *(
            visible(f"  {c.where.removeprefix('$.')}: {_value(c.before)} → {_value(c.after)}")
            for c in event.fields
        ),
    ]


def _value(value: object) -> str:
    from mesh.canonical import canonical

    text = "(absent)" if value is None else canonical(value)  # type: ignore[arg-type]
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
