"""``gitmesh log``: changes of the mesh, and their delivery to proxies."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.event_options import selection_options, tell_none
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from events.query import Query
    from events.store import EventReader
    from events.types import Chain, Record, Seq
    from gitmesh.settings import Settings


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
@selection_options
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
    **selection: Any,
) -> None:
    """Show the newest events: changes of the mesh, and their delivery to proxies.

    The mesh chain records commits and the changes in them. The delivery chain records servers,
    pushes, pins and proxies. With --json each event is one line (NDJSON) with all its fields.
    """
    from events.opening import has_writer, open_for_reading
    from events.types import Chain
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.history.event_selection import EventSelection

    settings: Settings = ctx.obj
    where = existing_log(repo, log or settings.log)
    with open_for_reading(where) as opened:
        query = EventSelection(**selection).query(opened, repo)
        if commits:
            _show_commits(opened, query, limit, as_json=as_json)
            return
        chains = [Chain(chain)] if chain else list(Chain)
        heads = {each: opened.head(each).seq for each in chains}
        _show_newest(opened, chains, limit, query, as_json=as_json)
        if follow:
            if has_writer(where) is False and not as_json:
                click.secho("no server is running: waiting for one to start", fg="yellow", err=True)
            _follow(opened, heads, query, as_json=as_json)


def _show_newest(
    log: "EventReader", chains: "list[Chain]", limit: int, query: "Query", *, as_json: bool
) -> None:
    from gitmesh.queries.history import newest

    found = newest(log, chains, limit, query)
    _show(found, as_json=as_json)
    if not as_json and not found:
        tell_none(log, query)


def _follow(
    log: "EventReader", heads: "dict[Chain, Seq]", query: "Query", *, as_json: bool
) -> None:
    from gitmesh.service.history.event_stream import new_events

    for records in new_events(log, query, heads):
        _show(records, as_json=as_json)
        sys.stdout.flush()


def _show(records: "Iterable[Record]", *, as_json: bool) -> None:
    from gitmesh.json_shapes.events import event_shape

    for record in records:
        emit_json_line(event_shape(record)) if as_json else click.echo(_line(record))


def _show_commits(log: "EventReader", query: "Query", limit: int, *, as_json: bool) -> None:
    from gitmesh.json_shapes.history import commit_line_shape
    from gitmesh.rendering.commit_lines import commit_line
    from gitmesh.service.history.commit_history import logged_commits

    none = True
    for found in logged_commits(log, query, limit):
        none = False
        if as_json:
            emit_json_line(commit_line_shape(found))
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
