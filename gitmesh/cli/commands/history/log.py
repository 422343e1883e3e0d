"""``gitmesh log``: what happened to the mesh, and what the proxies made of it."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.event_options import query_of, question_options, tell_none
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from events.query import Query
    from events.store import EventReader
    from events.types import Chain, Record, Seq
    from gitmesh.settings import Settings


POLL_S = 0.2


@click.command(
    "log",
    short_help="Show the newest events of the event log.",
    epilog=examples(
        "gitmesh log --repo shop.git",
        "gitmesh log --repo shop.git --commits            # one line per commit, with its effect",
        "gitmesh log --repo shop.git --resource mesh/shop/virtualRouter/cart --since yesterday",
        "gitmesh log --repo shop.git --node mesh/shop/virtualNode/web --limit 20   # its proxies",
        "gitmesh log --repo shop.git --author alice --kind TrafficShifted --limit 0",
        "gitmesh log --repo shop.git --follow",
        "gitmesh log --repo shop.git --json | jq 'select(.kind == \"TrafficShifted\")'",
    ),
)
@asked_repo
@log_option
@click.option("--chain", type=click.Choice(["mesh", "delivery"]), help="Only this chain.")
@question_options
@click.option("--commits", is_flag=True, help="Show one line per commit, with its effect.")
@click.option(
    "--follow", "-f", is_flag=True, help="Keep running, and show new events as they are written."
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="Maximum number of events; 0 shows all.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    repo: Path,
    log: Path | None,
    chain: str | None,
    commits: bool,
    follow: bool,
    limit: int,
    as_json: bool,
    **question: Any,
) -> None:
    """Show the newest events: changes of the mesh, and what happened to them at the proxies.

    The mesh chain records commits and the changes in them. The delivery chain records servers,
    pushes, pins and proxies. With --json each event is one line (NDJSON) with all its fields.
    """
    from events.opening import has_writer, open_for_reading
    from events.types import Chain
    from gitmesh.queries.history import newest
    from gitmesh.queries.log_lookup import existing_log

    settings: Settings = ctx.obj
    chains = [Chain(chain)] if chain else list(Chain)
    where = existing_log(repo, log or settings.log)
    with open_for_reading(where) as opened:
        query = query_of(opened, repo, **question)
        if commits:
            _show_commits(opened, query, limit, as_json)
            return
        heads = {each: opened.head(each).seq for each in chains}
        found = newest(opened, chains, limit, query)
        _show(found, as_json=as_json)
        if not as_json and not found:
            tell_none(opened, query)
        if follow and has_writer(where) is False and not as_json:
            click.secho("no server is running: waiting for one to start", fg="yellow", err=True)
        while follow:
            time.sleep(POLL_S)
            _show(_news(opened, heads, query), as_json=as_json)
            sys.stdout.flush()


def _show(records: "Iterable[Record]", *, as_json: bool) -> None:
    from gitmesh.queries.history import record_json

    for record in records:
        emit_json_line(record_json(record)) if as_json else click.echo(_line(record))


def _news(log: "EventReader", heads: "dict[Chain, Seq]", query: "Query") -> "list[Record]":
    """Return what was added behind ``heads``, and move them on."""
    from gitmesh.queries.history import newest

    found = newest(log, list(heads), 0, query, behind=heads)
    for record in found:
        heads[record.chain] = max(record.seq, heads[record.chain])
    return found


def _show_commits(log: "EventReader", query: "Query", limit: int, as_json: bool) -> None:
    from gitmesh.rendering.commit_lines import commit_json, commit_line, logged_commits

    none = True
    for found in logged_commits(log, query, limit):
        none = False
        if as_json:
            emit_json_line(commit_json(found))
        else:
            click.secho(commit_line(found), fg="red" if found.rejected else None)
    if none and not as_json:
        tell_none(log, query)


def _line(record: "Record") -> str:
    from events.encoding.codec import decode
    from gitmesh.rendering.narration import narrate, short
    from gitmesh.safe_text import visible

    colour = {"CommitRejected": "red", "SnapshotRejected": "red", "SourceDegraded": "red"}
    head, *more = narrate(decode(record)).split("\n")
    columns = [
        click.style(f"{record.chain.value:>8} {record.seq:<5}", dim=True),
        visible(record.at[:19].replace("T", " ")),
        click.style(f"{visible(short(record.commit)):<7}", fg="cyan"),
        click.style(head, fg=colour.get(record.kind), bold=record.kind.startswith("Commit")),
    ]
    return "\n".join(["  ".join(columns), *(f"{'':16}{line}" for line in more)])
