"""``gitmesh backup``: a copy of the log, made while a server writes to it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from gitmesh.service.audit.log_backup import Backup
    from gitmesh.settings import Settings


@click.command(
    "backup",
    short_help="Copy the event log to a new file, while a server writes to it.",
    epilog=examples(
        "gitmesh backup /backups/shop.sqlite3 --repo shop.git",
        "gitmesh verify --repo shop.git --log /backups/shop.sqlite3 --key shop.key.pub",
        "gitmesh serve shop.git --log /backups/shop.sqlite3",
    ),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@asked_repo
@log_option
@json_option
@click.pass_context
def command(ctx: click.Context, file: Path, repo: Path, log: Path | None, as_json: bool) -> None:
    """Copy the event log of REPO to a new FILE, and check the copy.

    The copy is a snapshot of the log in one file. To restore it, put it where the log was; the
    server derives later mesh events again from git. See docs/operations.md.
    """
    from gitmesh.cli.progress import progress_on_terminal
    from gitmesh.json_shapes.audit import backup_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.audit.log_backup import back_up_log

    settings: Settings = ctx.obj
    with progress_on_terminal(quiet=as_json) as progress:
        made = back_up_log(existing_log(repo, log or settings.log), file, progress)
    emit_json(backup_shape(made)) if as_json else _show(made)
    ctx.exit(exit_codes.REFUSED if made.problems else exit_codes.OK)


def _show(made: "Backup") -> None:
    for line in made.problems:
        click.secho(visible(line), fg="red")
    damaged = "the copy is damaged in the same way as the log"
    whole = damaged if made.problems else "the copy is intact"
    click.echo(f"{made.file}: {made.size:,} bytes; {whole}")
