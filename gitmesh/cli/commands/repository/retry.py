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
    short_help="Have a commit read again that is held back.",
    epilog=examples("gitmesh retry --repo shop.git"),
)
@served_repo_option
@log_option
@json_option
@click.pass_obj
def command(settings: "Settings", repo: Path, log: Path | None, as_json: bool) -> None:
    """Have the server read a commit again that is held back.

    A commit is held back when the server ended, or ran out of memory, twice while it read it; the
    last good mesh is served meanwhile. When the branch moves it is tried again without this
    command. Give the server more memory first.

    Where nothing is held back, nothing happens. Without a server, the next one to start tries.
    """
    from events.sqlite.opening import is_claimed
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.rendering.narration import short
    from reconciler.attempt import attempt_path, forget_attempt, held_back

    where = existing_log(repo, log or settings.log)
    record = attempt_path(where)
    held = held_back(record)
    if held is not None:
        forget_attempt(record)
    running = is_claimed(where)
    if as_json:
        commit = None if held is None else held.commit
        emit_json({"heldBack": commit, "serverRuns": running})
    elif held is None:
        click.echo("nothing is held back")
    else:
        who = "the server" if running else "the next server to start"
        click.echo(f"{who} reads {short(held.commit)} again")
