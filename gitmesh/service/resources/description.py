"""A resource with its metadata, all of which follows from the mesh chain."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile

from events.blame import Version
from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.queries.commits import facts_of
from mesh.canonical import JsonObject, canonical
from mesh.keys import Kind, ResourceKey


@dataclass(frozen=True, slots=True)
class Description:
    """A resource as it is at the head of the log."""

    key: ResourceKey
    spec: JsonObject
    version: int
    """Number of the resource's version, counted from 1 when it was added."""
    uid: str
    """Differs from that of a resource of the same name that was removed before."""
    created_at: float
    """Committer time of the commit that added it, in seconds since the epoch."""
    updated_at: float
    """Committer time of the commit that gave it its spec; never before ``created_at``."""


def describe(log: EventReader, key: ResourceKey) -> Description | None:
    """Return a resource; ``None`` if there is none now."""
    return _described(log, key, log.head(Chain.MESH).seq)


def last_description(log: EventReader, key: ResourceKey) -> Description | None:
    """Return a resource as it was before it was removed last; ``None`` if it never was."""
    gone = next(log.versions(key, log.head(Chain.MESH).seq), None)
    return None if gone is None else _described(log, key, Seq(gone.since - 1))


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the resources in a collection."""

    items: tuple[Description, ...]
    """In the order of their keys' text."""
    more: bool
    """True if there are more after them."""


def page(
    log: EventReader,
    kind: Kind,
    mesh: str,
    parent: str,
    *,
    after: str = "",
    limit: int,
    visible: Callable[[ResourceKey], bool] = lambda _: True,
) -> Page:
    """Return the next resources of a kind in their mesh or parent.

    :param after: the key of the last resource of the page before, in its string form.
    :param visible: tells whether a resource belongs to the list; the others leave no gap.
    """
    present = _present(log, collection(kind, mesh, parent), after, limit + 1)
    found = list(islice(filter(visible, present), limit + 1))
    head = log.head(Chain.MESH).seq
    described = (_described(log, key, head) for key in found[:limit])
    return Page(tuple(each for each in described if each is not None), len(found) > limit)


def _present(log: EventReader, within: str, after: str, batch: int) -> Iterator[ResourceKey]:
    while True:
        found = log.present(within, after=after, limit=batch)
        yield from (each.key for each in found)
        if len(found) < batch:
            return
        after = str(found[-1].key)


def collection(kind: Kind, mesh: str, parent: str = "") -> str:
    """Return what the keys of a collection begin with, without a name."""
    if kind is Kind.MESH:
        return "mesh"
    return str(ResourceKey.of(kind, mesh, "x", parent)).rpartition("/")[0]


def _described(log: EventReader, key: ResourceKey, head: Seq) -> Description | None:
    versions = list(_since_added(log.versions(key, head)))
    if not versions or versions[0].spec is None:
        return None
    times = [_committed(log, version.since) for version in reversed(versions)]
    return Description(
        key,
        versions[0].spec,
        len(versions),
        _uid(log, key, versions[-1].since),
        times[0],
        max(times),
    )


def _since_added(versions: Iterator[Version]) -> Iterator[Version]:
    """Yield the versions since a resource was added last, newest first, one for each spec."""
    later: Version | None = None
    for version in takewhile(lambda version: version.spec is not None, versions):
        if later is not None and canonical(later.spec) != canonical(version.spec):
            yield later
        later = version
    if later is not None:
        yield later


def _committed(log: EventReader, seq: Seq) -> float:
    facts, _ = facts_of(log, seq)
    return datetime.fromisoformat(facts.committer.at).timestamp()


def _uid(log: EventReader, key: ResourceKey, added: Seq) -> str:
    [record] = log.read(Chain.MESH, after=Seq(added - 1), limit=1)
    digest = hashlib.sha256(f"{key}\n{record.hash}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
