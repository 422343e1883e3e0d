"""``gitmesh backup``: a copy of the log, made while a server writes to it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json
from gitmesh.safe_text import visible

if TYPE_CHECKING:
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
    from events.opening import back_up
    from gitmesh.cli.progress import progress_on_terminal
    from gitmesh.queries.log_lookup import existing_log

    settings: Settings = ctx.obj
    with progress_on_terminal(quiet=as_json) as progress:
        problems = back_up(existing_log(repo, log or settings.log), file, progress)
    size = file.stat().st_size
    if as_json:
        emit_json({"file": str(file), "bytes": size, "ok": not problems, "problems": problems})
    else:
        for line in problems:
            click.secho(visible(line), fg="red")
        whole = (
            "the copy is intact"
            if not problems
            else "the copy is damaged in the same way as the log"
        )
        click.echo(f"{file}: {size:,} bytes; {whole}")
    ctx.exit(exit_codes.REFUSED if problems else exit_codes.OK)
