"""``gitmesh traffic``: the traffic of a service over a time, and before and after a commit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.commands.traffic.shown import show_traffic, since_option
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json, table
from mesh.errors import UsageError

if TYPE_CHECKING:
    from gitmesh.service.traffic.comparison import Comparison
    from gitmesh.settings import Settings


@click.command(
    "traffic",
    short_help="Show the traffic of a service over a time, or around a commit.",
    epilog=examples(
        "gitmesh traffic --service cart --since 1h",
        "gitmesh traffic --since 10:30 --json",
        "gitmesh traffic --commit HEAD",
        "gitmesh traffic --commit 3f2a91c --window 30m",
    ),
)
@asked_repo
@log_option
@click.option("--service", metavar="NAME", help="Only targets of this virtual service.")
@since_option
@click.option(
    "--commit",
    metavar="COMMIT",
    help="Compare the traffic before and after proxies acknowledged this commit.",
)
@click.option(
    "--window",
    default="10m",
    show_default=True,
    metavar="DURATION",
    help="With --commit: the length of both times.",
)
@json_option
@click.pass_obj
def command(
    settings: "Settings",
    repo: Path,
    log: Path | None,
    service: str | None,
    since: str,
    commit: str | None,
    window: str,
    as_json: bool,
) -> None:
    """Show requests, success and latency of each target and caller, as proxies reported them.

    A time without a report is not a success: the command tells which proxies did not report, and
    for how long no server was there. With --commit, each figure before and after has an interval in
    which it is with a confidence of 95 %.
    """
    from gitmesh.json_shapes.traffic.reported import commit_traffic_shape, traffic_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.traffic.reported import reported
    from gitmesh.service.traffic.since import parse_since

    path, now = existing_log(repo, log or settings.log), datetime.now(UTC)
    if commit is None:
        begin = parse_since(since, now).timestamp()
        found = reported(path, begin, now.timestamp(), service=service, by_caller=True)
        if as_json:
            emit_json(traffic_shape(found))
            return
        show_traffic(found, by_caller=True)
        return
    if service is not None:
        raise UsageError("--service and --commit cannot be combined", hint="omit one of them")
    compared = _compared(path, repo, commit, window, now)
    if as_json:
        emit_json(commit_traffic_shape(compared))
        return
    from gitmesh.cli.commands.traffic.cells import comparison_text
    from gitmesh.safe_text import visible

    click.echo(table([[visible(cell) for cell in row] for row in comparison_text(compared)]))


def _compared(log: Path, repo: Path, commit: str, window: str, now: datetime) -> "Comparison":
    from events.opening import open_for_reading
    from gitmesh.access.duration import parse_duration
    from gitmesh.queries.requested_commit import asked_commit
    from gitmesh.service.traffic.comparison import compare

    with open_for_reading(log) as opened:
        found = asked_commit(opened, commit, repo)
    window_s = parse_duration(window).total_seconds()
    return compare(log, found, window_s, now.timestamp())
