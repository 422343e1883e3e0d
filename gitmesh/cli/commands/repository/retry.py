"""``gitmesh retry``: read a held-back commit again."""

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

    If no commit is held back, the command does nothing. If no server runs, the next one to start
    tries again.
    """
    from gitmesh.json_shapes.delivery import retry_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.rendering.narration import short
    from gitmesh.service.delivery.retry import retry

    answer = retry(existing_log(repo, log or settings.log))
    if as_json:
        emit_json(retry_shape(answer))
    elif answer.held_back is None:
        click.echo("no commit is held back")
    else:
        who = "the server" if answer.server_runs else "the next server to start"
        click.echo(f"{who} reads {short(answer.held_back)} again")
