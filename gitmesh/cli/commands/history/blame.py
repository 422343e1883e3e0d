"""``gitmesh blame``: the commit that gave each field of a resource its current value."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import (
    MOMENT,
    MOMENT_HELP,
    asked_repo_option,
    examples,
    json_option,
    log_option,
)
from gitmesh.cli.output import emit_json, table

if TYPE_CHECKING:
    from gitmesh.service.history.field_origins import FieldOrigin
    from gitmesh.settings import Settings


@click.command(
    "blame",
    short_help="Show which commit set each field's value.",
    epilog=examples(
        "gitmesh blame --repo shop.git mesh/shop/virtualRouter/cart/route/all",
        "gitmesh blame --repo shop.git mesh/shop/virtualRouter/cart/route/all httpRoute.action",
        'gitmesh blame --repo shop.git mesh/shop/virtualNode/web --at "2 hours ago"',
    ),
)
@click.argument("resource")
@click.argument("field", default="")
@asked_repo_option
@log_option
@click.option("--at", "moment", metavar=MOMENT, help=f"{MOMENT_HELP} Default: now.")
@json_option
@click.pass_obj
def command(
    settings: "Settings",
    resource: str,
    field: str,
    repo: Path,
    log: Path | None,
    moment: str | None,
    as_json: bool,
) -> None:
    """Show, for each field, the commit that set its value, the author, and the previous value.

    RESOURCE is a name as in `gitmesh state`. FIELD selects a field and the fields inside it. Only
    changes of values count: reformatting, moving or renaming files is ignored, and so is the order
    of targets.
    """
    from events.opening import open_for_reading
    from gitmesh.json_shapes.history import origins_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.history.field_origins import field_origins

    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        found = field_origins(opened, repo, resource, field, moment)
    if as_json:
        emit_json(origins_shape(found))
    else:
        click.echo(table(map(_row, found.fields)))


def _row(origin: "FieldOrigin") -> list[str]:
    from gitmesh.rendering.narration import short
    from gitmesh.safe_text import visible
    from mesh.canonical import canonical

    blamed = origin.blamed
    was = "" if blamed.before is None else f"  (was {canonical(blamed.before)})"
    return [
        visible(short(blamed.commit)),
        visible(origin.at[:16].replace("T", " ")),
        visible(origin.author.name or "nobody")[:20],
        visible(blamed.field),
        visible(canonical(blamed.value) + was),
    ]
