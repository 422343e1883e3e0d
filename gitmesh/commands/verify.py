"""``gitmesh verify``: prove that the log is whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh import exit_codes
from gitmesh.options import examples, json_option, log_option, repo_argument
from gitmesh.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "verify",
    short_help="Prove that the event log is whole.",
    epilog=examples("gitmesh verify shop.git"),
)
@repo_argument
@log_option
@json_option
@click.pass_context
def command(ctx: click.Context, repo: Path, log: Path | None, as_json: bool) -> None:
    """Check the event log: no gap, no broken hash, no lost trigger, projections that agree.

    Exits with 1 when something is wrong.
    """
    from events.store import EventLog
    from events.types import Chain
    from gitmesh.places import existing_log

    settings: Settings = ctx.obj
    opened = EventLog.read_only(existing_log(repo, log or settings.log))
    try:
        found = opened.verify()
        heads = {chain.value: opened.head(chain) for chain in Chain}
    finally:
        opened.close()
    if as_json:
        shown = {name: {"seq": head.seq, "hash": head.hash} for name, head in heads.items()}
        emit_json({"ok": not found, "problems": found, "heads": shown})
    else:
        for line in found:
            click.secho(line, fg="red")
        for name, head in heads.items():
            click.echo(f"{name:>8} chain: {head.seq} events, head {head.hash[:16] or 'empty'}")
        click.echo("the log is whole" if not found else f"{len(found)} things are wrong")
    ctx.exit(exit_codes.REFUSED if found else exit_codes.OK)
