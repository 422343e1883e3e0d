"""Selection of events by options that are text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from events.clock import utc_now
from events.documentation.kind_docs import KINDS
from events.query import Query
from events.store import EventReader
from events.types import START, Chain, CommitId
from gitmesh.queries.commits import facts_of
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.queries.resource_name import identity_of, nearest_resource, resource_of
from gitmesh.queries.timespec import is_hex, parse_time
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.problems.suggestion import did_you_mean


@dataclass(frozen=True, slots=True)
class EventSelection:
    """Selection of events; all conditions that are set must hold."""

    resource: str | None = None
    """Name of a resource: events about it and about the resources inside it."""
    node: str | None = None
    """A ``node.id``: events about the node, its proxies and their snapshots."""
    kinds: tuple[str, ...] = ()
    author: str | None = None
    """Part of the name or address of a commit's author or of a pusher."""
    commit: str | None = None
    """A commit, given by an id, a branch or a tag."""
    since: str | None = None
    until: str | None = None

    def query(self, log: EventReader, repo: Path) -> Query:
        """Return the selection as a query.

        :raises UsageError: a condition is invalid.
        """
        if strange := sorted(set(self.kinds) - set(KINDS)):
            hint = did_you_mean(strange[0], KINDS) or f"one of {', '.join(KINDS)}"
            raise UsageError(f"there is no kind {strange[0]!r}", hint=hint)
        return Query(
            kinds=self.kinds,
            within=_resource(log, self.resource) if self.resource else None,
            node=_node(log, self.node) if self.node else "",
            author=self.author or "",
            commit=None if self.commit is None else _commit(log, repo, self.commit),
            since=_time(self.since),
            until=_time(self.until),
        )


def suggestions(log: EventReader, query: Query) -> Iterator[tuple[ResourceKey, ResourceKey]]:
    """For a query that no event matches, yield each unknown name in it, with a similar known
    name."""
    names = [name for name in (query.node, str(query.within or "")) if name]
    for key in map(ResourceKey.parse, names):
        known = log.state().resources
        if key not in known and (meant := nearest_resource(key, known)):
            yield key, meant


def is_empty(log: EventReader) -> bool:
    """Return True if the log has no event."""
    return all(log.head(chain).seq == START for chain in Chain)


def _resource(log: EventReader, name: str) -> ResourceKey:
    return resource_of(name, lambda: log.state().resources)


def _node(log: EventReader, node: str) -> str:
    return str(identity_of(node, {}, lambda: log.state().resources).key)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = parse_time(text, utc_now())
    if found is None:
        raise UsageError(
            f"{text!r} is not a time", hint='like 2026-11-25T03:12Z, 03:12, or "2 hours ago"'
        )
    return found


def _commit(log: EventReader, repo: Path, commit: str) -> CommitId:
    try:
        return facts_of(log, asked_seq(log, commit, repo))[0].commit
    except UsageError:
        # A push of it may have been refused: then it is neither in the mesh chain nor in git.
        tried = log.observed_commit(commit) if is_hex(commit) else None
        if tried is None:
            raise
        return tried
