"""``gitmesh blame``: which commit gave each field of a resource the value that it has."""

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
    from events.blame import Blamed
    from events.store import EventReader
    from events.types import Seq, Signature
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
    """Show for each field the commit that set its value, the author, and the value before.

    RESOURCE is a name as in `gitmesh state`. FIELD selects a field and the fields inside it. Only
    changes of values count: reformatting, moving or renaming files is ignored, and so is the order
    of targets.
    """
    from events.blame import blame, within
    from events.opening import open_for_reading
    from events.types import Chain
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.requested_moment import asked_seq
    from gitmesh.queries.resource_name import no_resource, resource_of
    from mesh.errors import UsageError

    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        seq = asked_seq(opened, moment, repo) if moment else opened.head(Chain.MESH).seq
        key = resource_of(resource, lambda: opened.state(seq).resources)
        every = blame(opened.versions(key, seq))
        if not every:
            raise no_resource(key, opened.state(seq).resources, f"at event {seq}")
        found = [each for each in every if within(each.field, field)]
        if not found:
            known = ", ".join(each.field for each in every[:3])
            raise UsageError(f"{key} has no field {field!r}", hint=f"it has {known}, …")
        authors = {each.since: _author(opened, each) for each in found}
    if as_json:
        emit_json({"resource": str(key), "seq": seq, "fields": _json(found, authors)})
    else:
        click.echo(table([_row(each, *authors[each.since]) for each in found]))


def _author(log: "EventReader", blamed: "Blamed") -> "tuple[Signature, str]":
    """Return the author of the commit, and the time when it was recorded."""
    from gitmesh.queries.commits import facts_of

    facts, at = facts_of(log, blamed.since)
    return facts.author, at


def _json(
    found: "list[Blamed]", authors: "dict[Seq, tuple[Signature, str]]"
) -> list[dict[str, object]]:
    return [
        {
            "field": each.field,
            "value": each.value,
            "before": each.before,
            "commit": each.commit,
            "seq": each.since,
            "author": authors[each.since][0].name,
            "email": authors[each.since][0].email,
            "at": authors[each.since][1],
        }
        for each in found
    ]


def _row(blamed: "Blamed", author: "Signature", at: str) -> list[str]:
    from gitmesh.rendering.narration import short
    from gitmesh.safe_text import visible
    from mesh.canonical import canonical

    was = "" if blamed.before is None else f"  (was {canonical(blamed.before)})"
    return [
        visible(short(blamed.commit)),
        visible(at[:16].replace("T", " ")),
        visible(author.name or "nobody")[:20],
        visible(blamed.field),
        visible(canonical(blamed.value) + was),
    ]
