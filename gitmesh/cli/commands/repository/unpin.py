"""``gitmesh unpin``: serve the branch again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import examples, json_option, log_option, served_repo_option

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "unpin",
    short_help="End a pin, and serve the branch again.",
    epilog=examples('gitmesh unpin --repo shop.git --reason "INC-7 is over"'),
)
@served_repo_option
@log_option
@click.option("--reason", default="", help="The reason, for the event log.")
@json_option
@click.pass_context
def command(ctx: click.Context, repo: Path, log: Path | None, reason: str, as_json: bool) -> None:
    """End a pin early: the server serves the newest valid commit of the branch again.

    If nothing is pinned, the command does nothing. If no server runs, this takes effect when one
    starts (exit code 4).
    """
    from gitmesh.cli.pin_answer import show
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.delivery.pin_request import unpin

    settings: Settings = ctx.obj
    answer = unpin(existing_log(repo, log or settings.log), reason=reason)
    ctx.exit(show(answer, as_json=as_json))
