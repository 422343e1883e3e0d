"""``gitmesh pin``: serve a fixed commit instead of the branch, in an emergency."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.head_note import note_head
from gitmesh.cli.options import MOMENT, examples, json_option, log_option, served_repo_option

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "pin",
    short_help="Serve a fixed commit for a limited time, instead of the branch.",
    epilog=examples(
        "gitmesh pin a1b2c3d --repo shop.git --reason INC-7 --for 2h",
        'gitmesh pin "20 minutes ago" --repo shop.git --reason "carts fail" --for 30m',
    ),
)
@click.argument("commit", metavar=MOMENT)
@served_repo_option
@log_option
@click.option(
    "--reason", required=True, help="The reason; gitmesh status, log and push answers show it."
)
@click.option(
    "--for",
    "for_",
    required=True,
    metavar="TIME",
    help="Duration of the pin: 90s, 30m, 2h or 1d; at most seven days. The pin ends by itself.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    commit: str,
    repo: Path,
    log: Path | None,
    reason: str,
    for_: str,
    as_json: bool,
) -> None:
    """Make the server serve the mesh of an applied commit at once, instead of the branch.

    For emergencies. The mesh comes from the event log, so nothing has to be read from the
    repository. Pushes are still checked and logged, but are not served until gitmesh unpin, or
    until the pin expires. The event log records who pinned, why and until when. A pin survives a
    restart of the server. If no server runs, the pin takes effect when one starts (exit code 4).

    For a permanent change use gitmesh rollback.
    """
    from gitmesh.cli.pin_answer import show
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.delivery.pin_request import length_of, pin

    settings: Settings = ctx.obj
    where = existing_log(repo, log or settings.log)
    note_head(repo, commit, as_json=as_json)
    answer = pin(where, repo, commit, reason=reason, length=length_of(for_))
    ctx.exit(show(answer, as_json=as_json))
