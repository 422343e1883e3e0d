"""``gitmesh retry``: have a commit read again that is held back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import examples, json_option, log_option, served_repo_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "retry",
    short_help="Make the server read a held-back commit again.",
    epilog=examples("gitmesh retry --repo shop.git"),
)
@served_repo_option
@log_option
@json_option
@click.pass_obj
def command(settings: "Settings", repo: Path, log: Path | None, as_json: bool) -> None:
    """Make the server read a held-back commit again.

    The server holds a commit back if reading it crashed the server, or used up its memory, twice.
    It serves the last valid mesh meanwhile. Give the server more memory first. When the branch
    moves, the server tries again without this command.

    If nothing is held back, the command does nothing. If no server runs, the next one to start
    tries again.
    """
    from events.opening import has_writer
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.rendering.narration import short
    from reconciler.attempt import attempt_path, forget_attempt, held_back

    where = existing_log(repo, log or settings.log)
    record = attempt_path(where)
    held = held_back(record)
    if held is not None:
        forget_attempt(record)
    running = has_writer(where)
    if as_json:
        commit = None if held is None else held.commit
        emit_json({"heldBack": commit, "serverRuns": running})
    elif held is None:
        click.echo("nothing is held back")
    else:
        who = "the server" if running else "the next server to start"
        click.echo(f"{who} reads {short(held.commit)} again")
