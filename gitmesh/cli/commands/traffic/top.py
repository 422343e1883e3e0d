"""``gitmesh top``: the traffic of all services, now."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gitmesh.cli.commands.traffic.shown import show_traffic
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.settings import Settings

REFRESH_S: Final = 2.0
WINDOW_S: Final = 60


@click.command(
    "top",
    short_help="Show the traffic of all services, now.",
    epilog=examples(
        "gitmesh top",
        "gitmesh top --repo shop.git --once",
        "gitmesh top --json | jq '.traffic[] | select(.success.value < 0.99)'",
    ),
)
@asked_repo
@log_option
@click.option("--once", is_flag=True, help="Print one table, also on a terminal.")
@json_option
@click.pass_obj
def command(settings: "Settings", repo: Path, log: Path | None, once: bool, as_json: bool) -> None:
    """Show the traffic of the last minute: services, their targets, and the commit.

    Proxies report it every 10 seconds; on a terminal the table is refreshed until Ctrl-C. Success
    is the share of users' requests without a 5xx answer; for gRPC, that of attempts without an
    error. Targets without a row had no traffic, or their callers do not report.
    """
    from gitmesh.json_shapes.traffic.reported import traffic_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.traffic.reported import reported

    path = existing_log(repo, log or settings.log)
    live = sys.stdout.isatty() and not once and not as_json
    while True:
        now_s = time.time()
        found = reported(path, now_s - WINDOW_S, now_s)
        if as_json:
            emit_json(traffic_shape(found))
            return
        if live:
            click.clear()
        show_traffic(found)
        if not live:
            return
        time.sleep(REFRESH_S)
