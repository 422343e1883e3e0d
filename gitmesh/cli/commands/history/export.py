"""``gitmesh export``: the log for auditors and for other systems."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.event_options import selection_options, tell_none
from gitmesh.cli.options import asked_repo, examples, json_option, log_option

if TYPE_CHECKING:
    from events.types import Record
    from gitmesh.settings import Settings


@click.command(
    "export",
    short_help="Export the event log as CloudEvents or CSV.",
    epilog=examples(
        "gitmesh export --repo shop.git --since 2026-01-01 --until 2027-01-01 > 2026.ndjson",
        "gitmesh export --repo shop.git --format csv --chain mesh > changes.csv",
        "gitmesh export --repo shop.git --node mesh/shop/virtualNode/web > web.ndjson",
        "gitmesh export --repo shop.git --kind TrafficShifted --author alice",
    ),
)
@asked_repo
@log_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["cloudevents", "csv"]),
    default="cloudevents",
    show_default=True,
    help="CloudEvents 1.0, one JSON document per line; or a table for a spreadsheet.",
)
@click.option("--chain", type=click.Choice(["mesh", "delivery"]), help="Only this chain.")
@selection_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    repo: Path,
    log: Path | None,
    form: str,
    chain: str | None,
    as_json: bool,  # every command takes it; CloudEvents are JSON anyway
    **selection: Any,
) -> None:
    """Write all matching events with their hashes, the oldest first.

    Positions in a chain have no gaps, so a reader of a whole chain can detect a missing event;
    `gitmesh verify` checks everything else.
    """
    from events.opening import open_for_reading
    from events.types import Chain
    from gitmesh.queries.history import newest
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.history.event_selection import EventSelection

    settings: Settings = ctx.obj
    chains = [Chain(chain)] if chain else list(Chain)
    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        query = EventSelection(**selection).query(opened, repo)
        records = newest(opened, chains, 0, query)
        if form == "csv" and not as_json:
            _write_csv(records)
        else:
            _write_cloudevents(records, repo.resolve().name)
        if not records and not as_json:
            tell_none(opened, query)


def _write_cloudevents(records: "list[Record]", repository: str) -> None:
    from gitmesh.cli.output import emit_json_line
    from gitmesh.rendering.cloud_events import cloud_event

    for record in records:
        emit_json_line(cloud_event(record, repository))


def _write_csv(records: "list[Record]") -> None:
    from gitmesh.rendering.cloud_events import COLUMNS, row

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(COLUMNS)
    for record in records:
        table.writerow(row(record))
