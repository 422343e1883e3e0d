"""``gitmesh who-calls``: the callers of a service, by the traffic that they report."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.commands.traffic.shown import show_traffic, since_option
from gitmesh.cli.options import asked_repo_option, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "who-calls",
    short_help="Show who calls a service.",
    epilog=examples(
        "gitmesh who-calls cart", "gitmesh who-calls cart.shop.local --since 1d --json"
    ),
)
@click.argument("service")
@asked_repo_option
@log_option
@since_option
@json_option
@click.pass_obj
def command(
    settings: "Settings", service: str, repo: Path, log: Path | None, since: str, as_json: bool
) -> None:
    """Show the virtual nodes and gateways whose proxies sent requests to targets of SERVICE.

    A target of several services has one row for all of them: proxies count requests by target.
    """
    from gitmesh.json_shapes.traffic.reported import traffic_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.traffic.reported import reported
    from gitmesh.service.traffic.since import parse_since

    now = datetime.now(UTC)
    begin = parse_since(since, now).timestamp()
    path = existing_log(repo, log or settings.log)
    found = reported(path, begin, now.timestamp(), service=service, by_caller=True)
    if as_json:
        emit_json(traffic_shape(found))
        return
    show_traffic(found, by_caller=True)
