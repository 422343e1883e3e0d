"""``gitmesh log``: what happened to the mesh, and what the proxies made of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.options import examples, json_option, log_option, repo_argument
from gitmesh.output import emit_json_line

if TYPE_CHECKING:
    from events.types import Record
    from gitmesh.settings import Settings


@click.command(
    "log",
    short_help="Show what happened, and why.",
    epilog=examples(
        "gitmesh log shop.git",
        "gitmesh log shop.git --chain mesh --limit 0      # every change, since the beginning",
        "gitmesh log shop.git --json | jq 'select(.kind == \"TrafficShifted\")'",
    ),
)
@repo_argument
@log_option
@click.option("--chain", type=click.Choice(["mesh", "delivery"]), help="Only this chain.")
@click.option(
    "--limit", type=click.IntRange(0), default=50, show_default=True, help="0 shows all events."
)
@json_option
@click.pass_obj
def command(
    settings: "Settings", repo: Path, log: Path | None, chain: str | None, limit: int, as_json: bool
) -> None:
    """Show the newest events: who changed which traffic, when, and what proxies answered.

    The mesh chain says what the mesh was told to be; the delivery chain says what happened to it.
    With --json each event is one line (NDJSON), with everything that the log holds of it.
    """
    from events.store import EventLog
    from events.types import Chain
    from gitmesh.history import newest, record_json
    from gitmesh.places import existing_log

    chains = [Chain(chain)] if chain else list(Chain)
    opened = EventLog.read_only(existing_log(repo, log or settings.log))
    try:
        for record in newest(opened, chains, limit):
            if as_json:
                emit_json_line(record_json(record))
            else:
                click.echo(_line(record))
    finally:
        opened.close()


def _line(record: "Record") -> str:
    from events.codec import decode
    from gitmesh.narration import narrate, short
    from gitmesh.visible import visible

    colour = {"CommitRejected": "red", "SnapshotRejected": "red", "SourceDegraded": "red"}
    head, *more = narrate(decode(record)).split("\n")
    columns = [
        click.style(f"{record.chain.value:>8} {record.seq:<5}", dim=True),
        visible(record.at[:19].replace("T", " ")),
        click.style(f"{visible(short(record.commit)):<7}", fg="cyan"),
        click.style(head, fg=colour.get(record.kind), bold=record.kind.startswith("Commit")),
    ]
    return "\n".join(["  ".join(columns), *(f"{'':16}{line}" for line in more)])
