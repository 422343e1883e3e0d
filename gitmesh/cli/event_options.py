"""Options of ``log`` and ``export`` that select events."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from events.query import Query
    from events.store import EventReader

_OPTIONS = (
    click.option(
        "--resource",
        metavar="NAME",
        help="Only events about this resource and the resources inside it.",
    ),
    click.option(
        "--node",
        metavar="ID",
        help="Only events about this node, its proxies and the snapshots offered to them. "
        "Example: mesh/shop/virtualNode/web.",
    ),
    click.option(
        "--kind",
        "kinds",
        multiple=True,
        metavar="KIND",
        help="Only events of this kind; may be repeated.",
    ),
    click.option(
        "--author",
        metavar="TEXT",
        help="Only events from commits of this author or pushes of this user: part of a name or "
        "an email address.",
    ),
    click.option(
        "--commit",
        metavar="COMMIT",
        help="Only events of this commit: an id, a branch or a tag. A commit whose push was "
        "refused works, too.",
    ),
    click.option(
        "--since",
        metavar="TIME",
        help='Only events at or after this time: 2026-11-25T03:12Z, 03:12, "2 hours ago", '
        "yesterday. A date means 00:00 of that day.",
    ),
    click.option(
        "--until",
        metavar="TIME",
        help="Only events at or before this time. A date means 00:00 of that day: the year 2026 "
        "goes until 2027-01-01.",
    ),
)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select events to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def tell_none(log: "EventReader", query: "Query") -> None:
    """Print to the error stream that no event matches, with similar names."""
    from gitmesh.safe_text import visible
    from gitmesh.service.history.event_selection import is_empty, suggestions

    if is_empty(log):
        click.echo("the log has no events yet", err=True)
        return
    click.echo("no event matches", err=True)
    for key, meant in suggestions(log, query):
        click.echo(visible(f'  hint: there is no {key} now; did you mean "{meant}"?'), err=True)
