"""Log: what changed, who did it, why, and with what effect?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from events.documentation.kind_docs import KINDS
from events.query import Query
from events.store import EventReader
from events.types import Chain, Record, Seq
from gitmesh.access.permission import Permission
from gitmesh.access.visibility import is_visible, visible_commit
from gitmesh.console import paths
from gitmesh.console.history.entries import Entry, by_day, entry_of, sentences
from gitmesh.console.visit import Answer, PageError, View, Visit
from gitmesh.queries.commits import OF_DELIVERY, LoggedCommit
from gitmesh.service.history.commit_history import logged_commits
from gitmesh.service.history.event_selection import EventSelection

LINES: Final = 50
"""Lines of a page."""
_LOOKED_AT: Final = 2_000
"""Commits or events that are looked at for a visitor who may not see all of them."""
_FILTERS: Final = ("resource", "author", "kind", "since", "until")
_BOUNDS: Final = {"commits": 1, "events": 2}
"""Number of positions in ``before=`` of each form of the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event in words."""

    record: Record
    words: tuple[str, ...]


def log(visit: Visit) -> Answer:
    """Return commits, newest first; with ``?view=events``, the events of both chains."""
    shown = "events" if visit.query.get("view") == "events" else "commits"
    query = selection(visit).query(visit.served.log, visit.served.repo)
    bounds = _bounds(visit, shown)
    values = {
        "paths": paths,
        "view": shown,
        "filters": {name: visit.query.get(name, "") for name in _FILTERS},
        "filtered": any(visit.query.get(name) for name in _FILTERS),
        "kinds": tuple(KINDS),
        "export": f"/log/export?{urlencode(_kept(visit))}",
        "others": _address(visit, view="commits" if shown == "events" else "events"),
        "newest": _address(visit) if bounds else "",
        "is_empty": visit.served.log.newest_commit() is None,
    }
    if shown == "events":
        found, older = _events(visit.served.log, query, bounds, visit.caller.permission)
        lines = [Line(each, sentences(each, visit.words)) for each in found]
        values |= {"lines": lines, "older": older and _address(visit, before=older)}
    else:
        entries, older = _commits(visit.served.log, query, bounds, visit.caller.permission)
        values |= {"days": list(by_day(entries)), "older": older and _address(visit, before=older)}
    return View("history/log.html", values)


def selection(visit: Visit) -> EventSelection:
    """Return the events that a visitor asks for.

    :raises PageError: they ask for a resource that they may not read.
    """
    query = visit.query
    kinds = tuple(kind for kind in query.get("kind", "").split(",") if kind)
    return EventSelection(
        resource=query.get("resource") or None,
        author=query.get("author") or None,
        since=query.get("since") or None,
        until=query.get("until") or None,
        kinds=kinds,
    )


def _commits(
    log: EventReader, query: Query, bounds: tuple[int, ...], permission: Permission
) -> tuple[list[Entry], str]:
    """Return commits, newest first, and where the next page begins; empty at the end."""
    asked = replace(query, before=bounds[0]) if bounds else query
    looked = LINES + 1 if permission.reads_all else _LOOKED_AT
    found: list[LoggedCommit] = []
    for each in logged_commits(log, asked, looked, OF_DELIVERY):
        seen = visible_commit(each, permission)
        if seen is not None:
            found.append(seen)
    found.reverse()
    older = str(found[LINES - 1].first) if len(found) > LINES else ""
    return [entry_of(each) for each in found[:LINES]], older


def _events(
    log: EventReader, query: Query, bounds: tuple[int, ...], permission: Permission
) -> tuple[list[Record], str]:
    """Return events of both chains, newest first, and where the next page begins."""
    before = dict(zip(Chain, bounds, strict=True)) if bounds else {}
    looked = LINES + 1 if permission.reads_all else _LOOKED_AT
    found = [
        record
        for chain in Chain
        if before.get(chain) != 1  # the first event was shown
        for record in log.select(chain, replace(query, before=before.get(chain, 0)), looked)
        if is_visible(record, permission)
    ]
    found.sort(key=lambda record: (record.at, record.chain is Chain.DELIVERY, record.seq))
    newest = found[-LINES:][::-1]
    older = ""
    if len(found) > LINES:
        first = {chain: before.get(chain) or log.head(chain).seq + 1 for chain in Chain}
        for record in newest:
            first[record.chain] = min(first[record.chain], record.seq)
        older = ".".join(str(first[chain]) for chain in Chain)
    return newest, older


def _bounds(visit: Visit, shown: str) -> tuple[int, ...]:
    text = visit.query.get("before", "")
    if not text:
        return ()
    parts = text.split(".")
    if len(parts) != _BOUNDS[shown] or not all(
        part.isascii() and part.isdigit() and len(part) < 19 for part in parts
    ):
        raise PageError(400, visit.words._("The address of this page is damaged."))
    return tuple(Seq(int(part)) for part in parts)


def _kept(visit: Visit) -> Mapping[str, str]:
    return {name: visit.query[name] for name in _FILTERS if visit.query.get(name)}


def _address(visit: Visit, **others: str) -> str:
    view = {"view": "events"} if visit.query.get("view") == "events" else {}
    return f"/log?{urlencode({**_kept(visit), **view, **others})}"
