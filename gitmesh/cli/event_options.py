"""Options of ``log`` and ``export`` that select events."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from events.query import Query
    from events.store import EventReader
    from events.types import CommitId

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


def question_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select events to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def query_of(
    log: "EventReader",
    repo: Path,
    *,
    resource: str | None,
    node: str | None,
    kinds: tuple[str, ...],
    author: str | None,
    commit: str | None,
    since: str | None,
    until: str | None,
) -> "Query":
    """Return the query for a command's options.

    :raises UsageError: one of them is invalid.
    """
    from events.documentation.kind_docs import KINDS
    from events.query import Query
    from gitmesh.queries.resource_name import resource_of
    from mesh.errors import UsageError
    from mesh.problems.suggestion import did_you_mean

    if strange := sorted(set(kinds) - set(KINDS)):
        hint = did_you_mean(strange[0], KINDS) or f"one of {', '.join(KINDS)}"
        raise UsageError(f"there is no kind {strange[0]!r}", hint=hint)
    return Query(
        kinds=kinds,
        within=resource_of(resource, lambda: log.state().resources) if resource else None,
        node=_node(log, node) if node else "",
        author=author or "",
        commit=None if commit is None else _commit(log, repo, commit),
        since=_time(since),
        until=_time(until),
    )


def _node(log: "EventReader", node: str) -> str:
    from gitmesh.queries.resource_name import identity_of

    return str(identity_of(node, {}, lambda: log.state().resources).key)


def tell_none(log: "EventReader", query: "Query") -> None:
    """Say on the error stream that no event fits, and what may be meant instead."""
    from events.types import START, Chain
    from gitmesh.queries.resource_name import nearest_resource
    from gitmesh.safe_text import visible
    from mesh.keys import ResourceKey

    if all(log.head(chain).seq == START for chain in Chain):
        click.echo("the log has no events yet", err=True)
        return
    click.echo("no event fits", err=True)
    names = [name for name in (query.node, str(query.within or "")) if name]
    for key in map(ResourceKey.parse, names):
        known = log.state().resources
        if key not in known and (meant := nearest_resource(key, known)):
            click.echo(visible(f'  hint: there is no {key} now; did you mean "{meant}"?'), err=True)


def _time(text: str | None) -> "datetime | None":
    from events.clock import utc_now
    from gitmesh.queries.timespec import parse_time
    from mesh.errors import UsageError

    if text is None:
        return None
    found = parse_time(text, utc_now())
    if found is None:
        raise UsageError(
            f"{text!r} is no time", hint='like 2026-11-25T03:12Z, 03:12, or "2 hours ago"'
        )
    return found


def _commit(log: "EventReader", repo: Path, commit: str) -> "CommitId":
    from gitmesh.queries.commits import facts_of
    from gitmesh.queries.requested_moment import asked_seq
    from gitmesh.queries.timespec import is_hex
    from mesh.errors import UsageError

    try:
        return facts_of(log, asked_seq(log, commit, repo))[0].commit
    except UsageError:
        # A push of it may have been refused: then it is neither in the mesh chain nor in git.
        tried = log.observed_commit(commit) if is_hex(commit) else None
        if tried is None:
            raise
        return tried
